import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { AuditSearch } from "./address";

const PAGE = 100;
const POLL_MILLIS = 700;

export function recordsQuery({ record: _, ...filters }: AuditSearch) {
  return infiniteQueryOptions({
    queryKey: ["audit", "records", filters],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/audit/records", { params: { query: { ...filters, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** One record, wherever it stands: the newest of those before the one after it. */
export function recordQuery(number: number) {
  return queryOptions({
    queryKey: ["audit", "record", number],
    queryFn: async () => {
      const page = await got(
        api.GET("/api/v1/audit/records", { params: { query: { limit: 1, cursor: String(number + 1) } } }),
      );
      return page.items.find((each) => each.number === number) ?? null;
    },
  });
}

export const headsQuery = infiniteQueryOptions({
  queryKey: ["audit", "heads"],
  queryFn: ({ pageParam }) =>
    got(api.GET("/api/v1/audit/heads", { params: { query: { limit: PAGE, cursor: pageParam } } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

export const verificationQuery = queryOptions({
  queryKey: ["audit", "verification"],
  queryFn: () => got(api.GET("/api/v1/audit/verify")),
  refetchInterval: ({ state }) => (state.data?.status === "running" ? POLL_MILLIS : false),
});
