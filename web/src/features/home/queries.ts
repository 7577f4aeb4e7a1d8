import { queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { PageRunView } from "@/api/schema";
import { takingChanges } from "@/lib/following";
import { type Period, spanOf } from "@/lib/periods";
import { changeFirstPage, type RunListFilter } from "@/lib/runChanges";

/** How many of what needs somebody are shown at once. */
export const SHOWN = 8;

export const BAD = ["faulted", "damaged"] as const;
export const UNDER_WAY = ["running", "waiting", "cancelling"] as const;

function follow(filter: RunListFilter) {
  return takingChanges<PageRunView>((page, changes) => changeFirstPage(page, changes, { ...filter, top: true }, SHOWN));
}

export const faultedQuery = queryOptions({
  queryKey: ["runs", "needs-me", "faulted"],
  queryFn: () => got(api.GET("/api/v1/runs", { params: { query: { status: [...BAD], top: true, limit: SHOWN } } })),
  meta: follow({ status: BAD }),
});

export const suspendedQuery = queryOptions({
  queryKey: ["runs", "needs-me", "suspended"],
  queryFn: () =>
    got(api.GET("/api/v1/runs", { params: { query: { status: ["suspended"], top: true, limit: SHOWN } } })),
  meta: follow({ status: ["suspended"] }),
});

/** Why a run is suspended, as who did it said; empty where nobody said anything. */
export const whySuspendedQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "why-suspended"],
    queryFn: async () => {
      const { present } = await got(api.GET("/api/v1/runs/{run_id}/why", { params: { path: { run_id: runId } } }));
      return present.find(({ reason }) => reason.code === "suspended")?.reason.text ?? "";
    },
  });

/**
 * Runs that take much longer than runs of their workflow usually do. Their number changes with time alone; a suspended
 * one is late for another reason, which is shown already.
 */
export const overdueQuery = queryOptions({
  queryKey: ["runs-overdue"],
  queryFn: async () => {
    const found = await got(api.GET("/api/v1/runs/overdue", { params: { query: { limit: SHOWN } } }));
    return { ...found, items: found.items.filter(({ run }) => run.status !== "suspended") };
  },
  refetchInterval: 30_000,
});

export const underWayQuery = queryOptions({
  queryKey: ["runs", "under-way"],
  queryFn: () =>
    got(api.GET("/api/v1/runs", { params: { query: { status: [...UNDER_WAY], top: true, limit: SHOWN } } })),
  meta: follow({ status: UNDER_WAY }),
});

export const figuresQuery = (period: Period) =>
  queryOptions({
    queryKey: ["runs", "statistics", period],
    queryFn: () => got(api.GET("/api/v1/statistics", { params: { query: spanOf(period, new Date()) } })),
    staleTime: 15_000,
  });

export const workflowsQuery = queryOptions({
  queryKey: ["workflows", "any"],
  queryFn: () => got(api.GET("/api/v1/workflows", { params: { query: { limit: 1 } } })),
});

/** How the engine is, point by point. */
export const engineQuery = queryOptions({
  queryKey: ["engine"],
  queryFn: () => got(api.GET("/api/v1/engine")),
  refetchInterval: 15_000,
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
