/** Looks through a whole history for the events that a filter lets through; only those are kept. */
import { useEffect, useState } from "react";
import type { NumberedEvent } from "@/api/schema";
import { type HistoryFilter, isFiltering, letsThrough } from "./historyFilter";
import { readHistory } from "./queries";

/** The most that the server gives at once. */
const STEP = 500;
/** So many are kept at most. */
const MOST = 5_000;

export interface Found {
  events: NumberedEvent[];
  /** Up to which event was looked through. */
  seen: number;
  isCut: boolean;
  error: Error | null;
}

const NOTHING: Found = { events: [], seen: 0, isCut: false, error: null };

/** Returns what was found so far; it goes on by itself, and with what is added to the history. */
export function useFilteredHistory(runId: string, { reference, onlyBad }: HistoryFilter, total: number): Found {
  const [found, setFound] = useState(NOTHING);
  const key = `${runId} ${reference ?? ""} ${onlyBad}`;
  const [shownKey, setShownKey] = useState(key);
  if (key !== shownKey) {
    setShownKey(key);
    setFound(NOTHING);
  }
  const { seen, isCut, error } = found;
  const isOver = seen >= total || isCut || error !== null;
  useEffect(() => {
    const filter = { reference, onlyBad };
    if (!isFiltering(filter) || isOver) return;
    const abort = new AbortController();
    readHistory(runId, seen, STEP, abort.signal)
      .then((page) => {
        if (abort.signal.aborted) return;
        const matching = page.filter((event) => letsThrough(filter, event));
        setFound((before) => ({
          events: [...before.events, ...matching].slice(0, MOST),
          seen: page.at(-1)?.seq ?? total,
          isCut: before.events.length + matching.length > MOST,
          error: null,
        }));
      })
      .catch((reason: unknown) => {
        if (!abort.signal.aborted) setFound((before) => ({ ...before, error: reason as Error }));
      });
    return () => abort.abort();
  }, [runId, reference, onlyBad, seen, total, isOver]);
  return found;
}
