import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { EventFilters } from "./address";
import { addArrived, type EventPage } from "./arrivals";
import { EventTail, type TailState } from "./eventTail";
import { eventsQuery, findNewest } from "./queries";

/** More events than these on the first page, and the list is read anew: it holds the newest ones then. */
const MOST_AT_ONCE = 500;
const RETRY_MILLIS = 3000;

/** Lets a list follow what arrives, while `isLive`. Returns how that goes, and how many events have come. */
export function useLiveEvents(filters: EventFilters, isLive: boolean): { state: TailState; count: number } {
  const queryClient = useQueryClient();
  const [state, setState] = useState<TailState>("connecting");
  const [count, setCount] = useState(0);
  const key = JSON.stringify(filters);
  useEffect(() => {
    if (!isLive) return;
    const asked = JSON.parse(key) as EventFilters;
    const { queryKey } = eventsQuery(asked);
    const stopping = new AbortController();
    let tail: EventTail | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState("connecting");
    setCount(0);
    const begin = async () => {
      try {
        // The list is read after the place where the stream begins is known, so that nothing lies between them.
        const after = await findNewest(asked, stopping.signal);
        if (stopping.signal.aborted) return;
        void queryClient.invalidateQueries({ queryKey });
        tail = new EventTail({
          filters: asked,
          after,
          onState: setState,
          onEvents: (events) => {
            setCount((before) => before + events.length);
            const known = queryClient.getQueryData<InfiniteData<EventPage>>(queryKey);
            const isFull = (known?.pages[0]?.items.length ?? 0) + events.length > MOST_AT_ONCE;
            if (!known || isFull || queryClient.isFetching({ queryKey }) > 0) {
              void queryClient.invalidateQueries({ queryKey });
              return;
            }
            queryClient.setQueryData<InfiniteData<EventPage>>(queryKey, {
              ...known,
              pages: addArrived(known.pages, events),
            });
          },
        });
      } catch {
        if (stopping.signal.aborted) return;
        setState("lost");
        timer = setTimeout(() => void begin(), RETRY_MILLIS);
      }
    };
    void begin();
    return () => {
      stopping.abort();
      clearTimeout(timer);
      tail?.stop();
    };
  }, [key, isLive, queryClient]);
  return { state, count };
}
