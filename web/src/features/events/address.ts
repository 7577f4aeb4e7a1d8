/** What of the events is shown, as it stands in the address. */
import { readText, withoutUndefined } from "@/lib/address";

/** By what events are told apart; the names are those of the API. */
export const FILTERS = ["namespace", "type", "source", "subject", "id", "via"] as const;
export type EventFilters = { [Name in (typeof FILTERS)[number]]?: string };

export interface EventsSearch extends EventFilters {
  /** Whether the list follows what arrives. */
  live?: true;
  /** The position of the event whose details are shown. */
  event?: number;
}

export function readEventsSearch(search: Record<string, unknown>): EventsSearch {
  const position = Number(search.event);
  return withoutUndefined({
    ...Object.fromEntries(FILTERS.map((name) => [name, readText(search[name])])),
    live: search.live === true || search.live === "true" ? (true as const) : undefined,
    event: Number.isSafeInteger(position) && position > 0 ? position : undefined,
  });
}

/** Returns the filters alone: what a list is read by. */
export function filtersOf({ live: _, event: __, ...filters }: EventsSearch): EventFilters {
  return filters;
}

export function isFiltered(filters: EventFilters): boolean {
  return FILTERS.some((name) => filters[name] !== undefined);
}
