/** The events of a history that a filter lets through, as far as they are looked at. */
import { useEffect, useState } from "react";
import { api, got } from "@/api/client";
import type { NumberedEvent } from "@/api/schema";
import type { HistoryQuery } from "./historyFilter";

const PAGE = 200;

export interface Found {
  events: NumberedEvent[];
  /** Whether the server has more of them. */
  hasMore: boolean;
  /** Whether the server was asked already. */
  isRead: boolean;
  error: Error | null;
}

interface State extends Found {
  /** After which event there may be more, */
  after: number;
  /** and how many events the history had when that was found out. */
  total: number;
}

const NOTHING: State = { events: [], hasMore: true, isRead: false, error: null, after: 0, total: 0 };

/**
 * Returns what was found so far; a page more whenever the last one in sight comes near, and what is added to the history.
 *
 * @param query What is looked for; null for nothing.
 * @param lastInSight The last row that is looked at; infinite for who follows.
 */
export function useFilteredHistory(
  runId: string,
  query: HistoryQuery | null,
  total: number,
  lastInSight: number,
): Found {
  const [found, setFound] = useState(NOTHING);
  const key = query && `${runId} ${JSON.stringify(query)}`;
  const [shownKey, setShownKey] = useState(key);
  if (key !== shownKey) {
    setShownKey(key);
    setFound(NOTHING);
  }
  const { events, hasMore, after, error } = found;
  const isWanted = hasMore ? events.length < lastInSight + PAGE / 2 : found.total < total;
  useEffect(() => {
    if (key === null || !isWanted || error) return;
    const abort = new AbortController();
    const asked = { ...(JSON.parse(key.slice(key.indexOf(" ") + 1)) as HistoryQuery), after, limit: PAGE };
    const request = { params: { path: { run_id: runId }, query: asked }, signal: abort.signal };
    got(api.GET("/api/v1/runs/{run_id}/history", request))
      .then(({ items, next }) => {
        if (abort.signal.aborted) return;
        setFound((before) => ({
          events: [...before.events, ...items],
          hasMore: next !== null,
          isRead: true,
          error: null,
          after: items.at(-1)?.seq ?? after,
          total,
        }));
      })
      .catch((reason: unknown) => {
        if (!abort.signal.aborted) setFound((before) => ({ ...before, error: reason as Error }));
      });
    return () => abort.abort();
  }, [runId, key, after, total, isWanted, error]);
  return found;
}
