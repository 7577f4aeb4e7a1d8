import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { EventFilters } from "./address";

const PAGE = 100;

export function eventsQuery(filters: EventFilters) {
  return infiniteQueryOptions({
    queryKey: ["cloud-events", "list", filters],
    queryFn: ({ pageParam, signal }) =>
      got(
        api.GET("/api/v1/cloud-events", {
          params: { query: { ...askFor(filters), limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function eventQuery(position: number) {
  return queryOptions({
    queryKey: ["cloud-events", "one", position],
    queryFn: () => got(api.GET("/api/v1/cloud-events/{position}", { params: { path: { position } } })),
  });
}

/** Returns the position of the newest event that the stream would give; 0 if there is none. */
export async function findNewest({ namespace, type }: EventFilters, signal: AbortSignal): Promise<number> {
  const query = { ...askFor({ namespace, type }), limit: 1 };
  const page = await got(api.GET("/api/v1/cloud-events", { params: { query }, signal }));
  return page.items[0]?.position ?? 0;
}

function askFor({ type, ...filters }: EventFilters) {
  return { ...filters, type: type === undefined ? undefined : [type] };
}
