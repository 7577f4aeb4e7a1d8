/**
 * What the changes that the live stream tells make of runs that have been read already, so that they are on the screen
 * at once. A list is read anew all the same, some time later: it alone knows counts, errors and what came up from behind.
 */
import type { PageRunView, RunView } from "@/api/schema";
import type { RunChange } from "./live";
import { hasEnded, type RunStatus } from "./states";

/** The last change of each run, by its id. */
export type RunChanges = ReadonlyMap<string, RunChange>;

/** Which runs a list has: filters as `GET /runs` takes them, with moments for times. */
export interface RunListFilter {
  status?: readonly RunStatus[];
  namespace?: string;
  name?: string;
  version?: string;
  parent?: string;
  top?: boolean;
  text?: string;
  started_after?: string;
  started_before?: string;
  ended_after?: string;
  ended_before?: string;
  updated_after?: string;
  updated_before?: string;
}

/** Returns a run as a change leaves it; the same one where that says nothing new. */
export function changeRun(run: RunView, change: RunChange | undefined): RunView {
  if (change === undefined || Date.parse(change.updated_at) < Date.parse(run.updated_at)) return run;
  const { status, ended_at, waits_until, updated_at } = change;
  if (run.status === status && run.ended_at === ended_at && run.waits_until === waits_until) return run;
  // The error's text is not told; that of an earlier one would be wrong.
  const error = hasEnded(status) ? run.error : null;
  return { ...run, status: status as RunStatus, ended_at, waits_until, updated_at, error };
}

/** Tells whether a list has a run; `undefined` where only the server knows. */
export function holdsRun(filter: RunListFilter, run: RunView): boolean | undefined {
  const { status, namespace, name, version, parent } = filter;
  if (status && status.length > 0 && !status.includes(run.status)) return false;
  if (namespace !== undefined && run.namespace !== namespace) return false;
  if (name !== undefined && run.name !== name) return false;
  if (version !== undefined && run.version !== version) return false;
  if (parent !== undefined && run.parent_run_id !== parent) return false;
  if (filter.top && run.parent_run_id !== null) return false;
  if (!isWithin(run.created_at, filter.started_after, filter.started_before)) return false;
  if (!isWithin(run.ended_at, filter.ended_after, filter.ended_before)) return false;
  if (!isWithin(run.updated_at, filter.updated_after, filter.updated_before)) return false;
  return filter.text === undefined ? true : undefined;
}

function isWithin(at: string | null, after: string | undefined, before: string | undefined): boolean {
  if (after === undefined && before === undefined) return true;
  if (at === null) return false;
  const moment = Date.parse(at);
  return (after === undefined || moment >= Date.parse(after)) && (before === undefined || moment < Date.parse(before));
}

/**
 * Returns the first page of a list as changes leave it; the same one where they change nothing.
 *
 * @param limit How many runs it has at most.
 */
export function changeFirstPage(
  page: PageRunView,
  changes: RunChanges,
  filter: RunListFilter,
  limit: number,
): PageRunView {
  const shown = new Set<string>();
  let isChanged = false;
  const items: RunView[] = [];
  for (const run of page.items) {
    shown.add(run.run_id);
    const changed = changeRun(run, changes.get(run.run_id));
    if (changed !== run) isChanged = true;
    if (changed === run || holdsRun(filter, changed) !== false) items.push(changed);
  }
  // In a list that is ordered by another time the place of a new run is found when it is read anew.
  const arrived = isOrderedByStart(filter) ? listArrivals(page, shown, changes, filter) : [];
  if (arrived.length === 0) return isChanged ? { ...page, items } : page;
  const all = [...items, ...arrived].sort((one, other) => (one.run_id < other.run_id ? 1 : -1));
  if (all.length <= limit) return { ...page, items: all };
  const kept = all.slice(0, limit);
  return { items: kept, next: kept.at(-1)?.run_id ?? null };
}

/** Returns the runs that belong onto the page and are not there: those further down come with later pages. */
function listArrivals(
  page: PageRunView,
  shown: ReadonlySet<string>,
  changes: RunChanges,
  filter: RunListFilter,
): RunView[] {
  const last = page.next === null ? "" : (page.items.at(-1)?.run_id ?? "");
  const found: RunView[] = [];
  for (const change of changes.values()) {
    if (shown.has(change.run_id) || change.run_id < last) continue;
    const run = toRun(change);
    if (holdsRun(filter, run) === true) found.push(run);
  }
  return found;
}

function toRun(change: RunChange): RunView {
  const { seq, type, status, ...rest } = change;
  return { ...rest, status: status as RunStatus, error: null };
}

function isOrderedByStart(filter: RunListFilter): boolean {
  const isByStart = filter.started_after !== undefined || filter.started_before !== undefined;
  const isByOther = [filter.ended_after, filter.ended_before, filter.updated_after, filter.updated_before].some(
    (time) => time !== undefined,
  );
  return isByStart || !isByOther;
}
