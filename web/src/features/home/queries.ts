import { queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";

/** How many of what needs somebody are shown at once. */
export const SHOWN = 8;

export const faultedQuery = queryOptions({
  queryKey: ["runs", "needs-me", "faulted"],
  queryFn: () =>
    got(api.GET("/api/v1/runs", { params: { query: { status: ["faulted", "damaged"], top: true, limit: SHOWN } } })),
});

export const suspendedQuery = queryOptions({
  queryKey: ["runs", "needs-me", "suspended"],
  queryFn: () =>
    got(api.GET("/api/v1/runs", { params: { query: { status: ["suspended"], top: true, limit: SHOWN } } })),
});

export const underWayQuery = queryOptions({
  queryKey: ["runs", "under-way"],
  queryFn: () =>
    got(
      api.GET("/api/v1/runs", {
        params: { query: { status: ["running", "waiting", "cancelling"], top: true, limit: SHOWN } },
      }),
    ),
});

export const dayQuery = queryOptions({
  queryKey: ["runs", "statistics", "hour"],
  queryFn: () => got(api.GET("/api/v1/statistics", { params: { query: { bucket: "hour" } } })),
  staleTime: 15_000,
});

export const workflowsQuery = queryOptions({
  queryKey: ["workflows", "any"],
  queryFn: () => got(api.GET("/api/v1/workflows", { params: { query: { limit: 1 } } })),
});

/** How the server is. It answers 503 with the same document where it cannot write, or stops. */
export const readyQuery = queryOptions({
  queryKey: ["ready"],
  queryFn: async (): Promise<{ status: string; version: string; trouble?: string | null }> => {
    const response = await fetch("/ready");
    return response.json();
  },
  refetchInterval: 15_000,
});
