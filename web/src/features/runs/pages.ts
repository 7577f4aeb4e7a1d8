/**
 * The list of runs as it stands on the screen: pages that were read by cursor, in rows that do not move.
 *
 * The first page follows what happens while nobody is busy in the list. Otherwise what is shown stays in its place:
 * a row is brought up to date, one that no longer matches stays and says so, and runs that are new are counted. All
 * later pages are like that always. Of pages far from the screen only the cursor and the number of rows are kept.
 */
import type { PageRunView, RunView } from "@/api/schema";
import { changeRun, type RunChanges } from "@/lib/runChanges";

export interface Row {
  run: RunView;
  /** That it matched when it was read, and does not any more. */
  isGone: boolean;
}

/** A page after the first: where it begins, how many rows it has (as far as is known), and where the next begins. */
export interface LaterPage {
  cursor: string;
  count: number | null;
  next: string | null;
}

/** Brings rows up to date without moving one. */
export function refreshRows(rows: readonly Row[], fresh: readonly RunView[]): Row[] {
  const known = new Map(fresh.map((run) => [run.run_id, run]));
  return rows.map((row) => {
    const run = known.get(row.run.run_id);
    return run ? { run, isGone: false } : { ...row, isGone: true };
  });
}

/** Brings rows up to date with what the live stream tells; the same rows where that is nothing about them. */
export function changeRows(rows: Row[], changes: RunChanges): Row[] {
  if (!rows.some(({ run }) => changes.has(run.run_id))) return rows;
  return rows.map((row) => {
    const run = changeRun(row.run, changes.get(row.run.run_id));
    return run === row.run ? row : { ...row, run };
  });
}

export function toRows(runs: readonly RunView[]): Row[] {
  return runs.map((run) => ({ run, isGone: false }));
}

/**
 * Brings the first page's rows up to date. Where new runs have pushed others out of what was read anew, nothing is
 * known of those: they stay as they were.
 */
export function refreshFirst(shown: PageRunView, fresh: PageRunView): Row[] {
  const isShown = new Set(shown.items.map((run) => run.run_id));
  const reach = fresh.next === null ? -1 : fresh.items.findLastIndex((run) => isShown.has(run.run_id));
  const last = fresh.items[reach]?.run_id;
  const end = fresh.next === null ? shown.items.length : shown.items.findIndex((run) => run.run_id === last) + 1;
  const rows = refreshRows(toRows(shown.items.slice(0, end)), fresh.items);
  return [...rows, ...toRows(shown.items.slice(end))];
}

/** Counts the runs that were read anew and are not shown yet. */
export function countArrivals(shown: PageRunView, fresh: PageRunView): number {
  const isShown = new Set(shown.items.map((run) => run.run_id));
  // Where a page is full, runs behind its end come up when others leave it: they are shown by the next page.
  const end = fresh.items.findLastIndex((run) => isShown.has(run.run_id));
  const reach = shown.next === null || end < 0 ? fresh.items : fresh.items.slice(0, end + 1);
  return reach.filter((run) => !isShown.has(run.run_id)).length;
}

export const NO_PAGES: readonly LaterPage[] = [];

/** Returns the later pages that go on from the first page's end; none where it ends elsewhere now. */
export function chainPages(first: string | null, later: readonly LaterPage[]): readonly LaterPage[] {
  return later.length > 0 && later[0]?.cursor === first ? later : NO_PAGES;
}

/** Returns where the page after the last one begins; null if there is none, or if it is not known yet. */
export function getNext(first: string | null, later: readonly LaterPage[]): string | null {
  const last = later.at(-1);
  return last === undefined ? first : last.count === null ? null : last.next;
}

/** Notes what has been read of a page; the same array where nothing of it is new. */
export function notePage(later: readonly LaterPage[], cursor: string, count: number, next: string | null) {
  const index = later.findIndex((page) => page.cursor === cursor);
  const page = later[index];
  if (page === undefined || (page.count === count && page.next === next)) return later;
  const noted = later.slice(0, page.next === next || page.count === null ? undefined : index + 1);
  noted[index] = { cursor, count, next };
  return noted;
}

export interface Place {
  /** 0 is the first page. */
  page: number;
  /** The row within it. */
  row: number;
}

/** Returns the number of the row before each page, and, last, of all rows. A page that is being read has none. */
export function listOffsets(firstCount: number, later: readonly LaterPage[]): number[] {
  const offsets = [0, firstCount];
  for (const page of later) offsets.push((offsets.at(-1) ?? 0) + (page.count ?? 0));
  return offsets;
}

/** Returns where a row stands. */
export function findPlace(offsets: readonly number[], index: number): Place {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return { page: low, row: index - (offsets[low] ?? 0) };
}
