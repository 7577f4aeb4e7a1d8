/** Events that arrive while a list is shown: which of them belong into it, and how they come into it. */
import type { ReceivedEvent } from "@/api/schema";
import { type EventFilters, FILTERS } from "./address";

export interface EventPage {
  items: ReceivedEvent[];
  next: string | null;
}

/** Tells whether an event is one of those that the filters ask for; the stream knows only two of them. */
export function isAskedFor(event: ReceivedEvent, filters: EventFilters): boolean {
  return FILTERS.every((name) => filters[name] === undefined || event[name] === filters[name]);
}

/** Returns the pages with events before all others, each once, the newest first. */
export function addArrived(pages: EventPage[], arrived: ReceivedEvent[]): EventPage[] {
  const [first, ...rest] = pages;
  if (!first) return pages;
  const known = new Set(first.items.map((each) => each.position));
  const fresh = arrived.filter((each) => !known.has(each.position));
  if (fresh.length === 0) return pages;
  const items = [...fresh, ...first.items].sort((one, other) => other.position - one.position);
  return [{ ...first, items }, ...rest];
}
