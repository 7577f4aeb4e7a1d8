/** Which runs are watched in this tab, kept by the tab itself. */

const KEY = "kapell.watched";

export function readWatched(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

export function writeWatched(runIds: string[]): void {
  sessionStorage.setItem(KEY, JSON.stringify(runIds));
}
