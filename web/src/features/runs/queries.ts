import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { RunFilters } from "./address";

const PAGE = 50;

/** Runs that match filters, the newest first, page by page. */
export function runsQuery(filters: RunFilters) {
  return infiniteQueryOptions({
    queryKey: ["runs", "list", filters],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/runs", { params: { query: { ...filters, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
