/** Views of the list of runs that a person has given names. They are kept among the person's preferences. */
import { type RunsSearch, readRunsSearch } from "./address";

export interface SavedView {
  name: string;
  search: RunsSearch;
}

const MEMBER = "run_views";
export const MOST_VIEWS = 50;

/** Returns the views among preferences, by name; what is none is left out. */
export function readViews(preferences: Record<string, unknown> | undefined): SavedView[] {
  const kept = preferences?.[MEMBER];
  if (!Array.isArray(kept)) return [];
  return kept
    .filter((each) => typeof each?.name === "string" && typeof each.search === "object" && each.search !== null)
    .map(({ name, search }): SavedView => ({ name, search: toView(readRunsSearch(search)) }));
}

/** Returns preferences with a view added, in place of one with the same name. */
export function putView(preferences: Record<string, unknown>, { name, search }: SavedView): Record<string, unknown> {
  const others = readViews(preferences).filter((view) => view.name !== name);
  const views = [...others, { name, search: toView(search) }];
  return { ...preferences, [MEMBER]: views.sort((one, other) => one.name.localeCompare(other.name)) };
}

/** Returns preferences without a view. */
export function removeView(preferences: Record<string, unknown>, name: string): Record<string, unknown> {
  return { ...preferences, [MEMBER]: readViews(preferences).filter((view) => view.name !== name) };
}

/** Returns the view that an address shows. */
export function findView(views: readonly SavedView[], search: RunsSearch): SavedView | undefined {
  const shown = describe(search);
  return views.find((view) => describe(view.search) === shown);
}

/** Returns what of an address belongs to a view: everything but what is open beside. */
function toView({ bulk, ...search }: RunsSearch): RunsSearch {
  return search;
}

function describe(search: RunsSearch): string {
  const { view, ...filters } = toView(readRunsSearch({ ...search }));
  return JSON.stringify([view, Object.entries(filters).sort(([one], [other]) => (one < other ? -1 : 1))]);
}
