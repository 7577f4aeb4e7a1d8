/** What is asked of the server about commands for many runs, and how they are given. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ApiError, api, got } from "@/api/client";
import type { BulkPreview, RunView } from "@/api/schema";
import { type RunFilters, toQuery } from "./address";
import { type BulkAction, doEach } from "./bulk";

const POLL_MILLIS = 1000;
/** How many runs are seen to at the same time where each is given its command by itself. */
const AT_ONCE = 4;

export interface Order {
  action: BulkAction;
  reason: string;
  /** What counts as the output of a task that is skipped; undefined for nothing. */
  output?: unknown;
}

/** Finds the runs that match, and shows what a command would do to them. */
export function previewBulk({ action, reason, output }: Order, filters: RunFilters): Promise<BulkPreview> {
  const body = { action, reason, runs: toQuery(filters, new Date()), ...(output === undefined ? {} : { output }) };
  return got(api.POST("/api/v1/runs/bulk", { body }));
}

export function startBulk({ bulk_id, matched }: Pick<BulkPreview, "bulk_id" | "matched">) {
  return got(api.POST("/api/v1/bulk/{bulk_id}/start", { params: { path: { bulk_id } }, body: { expected: matched } }));
}

export function cancelBulk(bulkId: string) {
  return got(api.POST("/api/v1/bulk/{bulk_id}/cancel", { params: { path: { bulk_id: bulkId } } }));
}

/** A bulk operation, asked after again and again until it is over. */
export function bulkQuery(bulkId: string) {
  return queryOptions({
    queryKey: ["bulk", bulkId],
    queryFn: () => got(api.GET("/api/v1/bulk/{bulk_id}", { params: { path: { bulk_id: bulkId } } })),
    refetchInterval: ({ state }) => (state.data === undefined || state.data.state === "running" ? POLL_MILLIS : false),
  });
}

/** The runs of an operation that have refused. */
export function refusedQuery(bulkId: string, refused: number) {
  return infiniteQueryOptions({
    queryKey: ["bulk", bulkId, "refused", refused],
    queryFn: ({ pageParam }) =>
      got(
        api.GET("/api/v1/bulk/{bulk_id}/runs", {
          params: { path: { bulk_id: bulkId }, query: { outcome: "refused", limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** Operations that were started, the newest first. */
export const recentBulkQuery = infiniteQueryOptions({
  queryKey: ["bulk", "recent"],
  queryFn: ({ pageParam }) => got(api.GET("/api/v1/bulk", { params: { query: { limit: 20, cursor: pageParam } } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

/** Reads runs as they stand now, each by itself; those that are gone are left out. */
export async function readRunsNow(runIds: readonly string[]): Promise<RunView[]> {
  const found = new Map<string, RunView>();
  await doEach(runIds, AT_ONCE, async (runId) => {
    try {
      const path = { run_id: runId };
      const { run } = await got(api.GET("/api/v1/runs/{run_id}", { params: { path, query: { data: false } } }));
      found.set(runId, run);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  });
  return runIds.flatMap((runId) => found.get(runId) ?? []);
}

export interface Outcome {
  runId: string;
  /** Why it was refused; null where it was not. */
  refusal: string | null;
}

/** Gives a command to runs, each by itself, and tells of each what became of it. */
export async function commandEach(
  order: Order,
  runIds: readonly string[],
  tell: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<void> {
  const work = async (runId: string) => {
    try {
      await command(order, runId);
      tell({ runId, refusal: null });
    } catch (error) {
      tell({ runId, refusal: error instanceof Error ? error.message : String(error) });
    }
  };
  await doEach(runIds, AT_ONCE, work, signal);
}

function command({ action, reason, output }: Order, runId: string) {
  const params = { path: { run_id: runId } };
  switch (action) {
    case "cancel":
      return api.POST("/api/v1/runs/{run_id}/cancel", { params, body: { reason } });
    case "suspend":
      return api.POST("/api/v1/runs/{run_id}/suspend", { params, body: { reason } });
    case "resume":
      return api.POST("/api/v1/runs/{run_id}/resume", { params, body: { reason } });
    case "retry":
      return api.POST("/api/v1/runs/{run_id}/retry", { params, body: { reason } });
    case "skip": {
      const body = output === undefined ? { reason } : { reason, output };
      return api.POST("/api/v1/runs/{run_id}/skip", { params, body });
    }
  }
}
