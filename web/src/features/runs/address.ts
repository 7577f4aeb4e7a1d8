/** The filters of the list of runs, as they stand in the address. */
import { RUN_STATUSES, type RunStatus } from "@/lib/states";

export interface RunFilters {
  status?: RunStatus[];
  namespace?: string;
  name?: string;
  version?: string;
  parent?: string;
  top?: boolean;
  started_after?: string;
  started_before?: string;
  text?: string;
}

const TEXTS = ["namespace", "name", "version", "parent", "started_after", "started_before", "text"] as const;

/** Returns the filters that an address says; what is none is left out. */
export function readFilters(search: Record<string, unknown>): RunFilters {
  const filters: RunFilters = {};
  const asked = Array.isArray(search.status) ? search.status : [search.status];
  const statuses = RUN_STATUSES.filter((status) => asked.includes(status));
  if (statuses.length > 0) filters.status = statuses;
  for (const name of TEXTS) {
    const value = search[name];
    if (typeof value === "string" && value.trim() !== "") filters[name] = value;
    if (typeof value === "number") filters[name] = String(value);
  }
  if (search.top === true || search.top === "true") filters.top = true;
  return filters;
}
