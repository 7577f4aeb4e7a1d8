/** Which events of a run's history are shown. */
import type { NumberedEvent } from "@/api/schema";

export interface HistoryFilter {
  /** Only events of this task and of those in it. */
  reference?: string;
  onlyBad: boolean;
}

export function isFiltering({ reference, onlyBad }: HistoryFilter): boolean {
  return onlyBad || Boolean(reference);
}

/** Tells whether a reference is of a task or of one within it. */
export function isWithin(reference: string, around: string): boolean {
  return reference === around || reference.startsWith(`${around}/`);
}

export function letsThrough(filter: HistoryFilter, event: Pick<NumberedEvent, "reference" | "is_bad">): boolean {
  if (filter.onlyBad && !event.is_bad) return false;
  return !filter.reference || isWithin(event.reference, filter.reference);
}

/** The pages, counted from 0, of which events are in sight; one at least. */
export function pagesInSight(first: number, last: number, pageSize: number): number[] {
  const begin = Math.floor(Math.max(0, first) / pageSize);
  const end = Math.floor(Math.max(0, last) / pageSize);
  return Array.from({ length: end - begin + 1 }, (_, index) => begin + index);
}
