/** Which runs are selected: some rows, or everything that matches, also what is not loaded. */
export interface Selection {
  /** Everything that matches the filters; `ids` is empty then. */
  isAll: boolean;
  ids: ReadonlySet<string>;
  /** The row that was ticked last: a range begins there. */
  anchor: string | null;
}

export const NOTHING: Selection = { isAll: false, ids: new Set(), anchor: null };
export const EVERYTHING: Selection = { isAll: true, ids: new Set(), anchor: null };

export function isEmpty(selection: Selection): boolean {
  return !selection.isAll && selection.ids.size === 0;
}

export function isSelected(selection: Selection, id: string): boolean {
  return selection.isAll || selection.ids.has(id);
}

/** Ticks a row, or takes the tick away. A tick taken from everything leaves the other rows that are shown. */
export function toggle(selection: Selection, id: string, shown: readonly string[]): Selection {
  const ids = new Set(selection.isAll ? shown : selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { isAll: false, ids, anchor: id };
}

/** Gives the rows from the last one that was ticked to this one the tick that this one gets. */
export function toggleRange(selection: Selection, id: string, shown: readonly string[]): Selection {
  const from = shown.indexOf(selection.anchor ?? "");
  const to = shown.indexOf(id);
  if (from < 0 || to < 0) return toggle(selection, id, shown);
  const ids = new Set(selection.isAll ? shown : selection.ids);
  const isTicked = !ids.has(id);
  for (const each of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    if (isTicked) ids.add(each);
    else ids.delete(each);
  }
  return { isAll: false, ids, anchor: id };
}

/** Ticks all rows that are shown; takes all ticks away where all of them are ticked. */
export function toggleShown(selection: Selection, shown: readonly string[]): Selection {
  if (selection.isAll || (shown.length > 0 && shown.every((id) => selection.ids.has(id)))) return NOTHING;
  return { isAll: false, ids: new Set([...selection.ids, ...shown]), anchor: null };
}

/** Says what the box above all rows shows. */
export function getHeadState(selection: Selection, shown: readonly string[]): "none" | "some" | "all" {
  if (selection.isAll) return "all";
  const count = shown.filter((id) => selection.ids.has(id)).length;
  if (count === 0) return selection.ids.size === 0 ? "none" : "some";
  return count === shown.length ? "all" : "some";
}
