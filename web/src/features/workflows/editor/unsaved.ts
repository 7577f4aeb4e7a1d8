/**
 * Text that the server does not have yet, kept in the tab: it outlives a page that is loaded anew, and a session that
 * ends.
 */
const PREFIX = "kapell.unsaved.";

export interface Unsaved {
  text: string;
  /** The revision that it was made from. */
  revision: number | null;
}

export function keepUnsaved(storage: Storage, key: string, unsaved: Unsaved): void {
  try {
    storage.setItem(PREFIX + key, JSON.stringify(unsaved));
  } catch {
    // A full storage only means that this net has a hole.
  }
}

export function dropUnsaved(storage: Storage, key: string): void {
  storage.removeItem(PREFIX + key);
}

export function findUnsaved(storage: Storage, key: string): Unsaved | null {
  try {
    const found = JSON.parse(storage.getItem(PREFIX + key) ?? "null") as Partial<Unsaved> | null;
    if (typeof found?.text !== "string") return null;
    return { text: found.text, revision: typeof found.revision === "number" ? found.revision : null };
  } catch {
    return null;
  }
}
