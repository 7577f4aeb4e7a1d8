/** What of a run is shown, as it stands in the address. */

export const VIEWS = ["tasks", "graph", "timeline", "history", "data", "log"] as const;
export type View = (typeof VIEWS)[number];

export interface RunSearch {
  /** Which view; left out, the list of tasks. */
  view?: View;
  /** The reference of the task that is selected. */
  task?: string;
  /** Which time that the flow came to it. */
  entry?: number;
  /** The event of the history after which the run is shown; left out, the last one. */
  at?: number;
}

/** Returns what an address asks for; what is none of it is left out. */
export function readRunSearch(search: Record<string, unknown>): RunSearch {
  const asked: RunSearch = {};
  const view = VIEWS.find((each) => each === search.view);
  if (view) asked.view = view;
  if (typeof search.task === "string" && search.task !== "") asked.task = search.task;
  const entry = readCount(search.entry);
  if (entry && asked.task) asked.entry = entry;
  const at = readCount(search.at);
  if (at) asked.at = at;
  return asked;
}

function readCount(value: unknown): number | undefined {
  const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : undefined;
}
