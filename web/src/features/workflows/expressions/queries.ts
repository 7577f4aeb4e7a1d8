import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Evaluation } from "@/api/schema";

/** What comes of an expression; asked once for each expression and data. */
export const evaluationQuery = (asked: Evaluation | null) =>
  queryOptions({
    queryKey: ["expression", asked],
    queryFn: ({ signal }) => got(api.POST("/api/v1/expressions/evaluate", { body: asked as Evaluation, signal })),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });

const MOST = 500;

/** The tasks of a run whose data can be looked at. */
export const runTasksQuery = (runId: string | null) =>
  queryOptions({
    queryKey: ["run", runId, "tasks-to-evaluate"],
    queryFn: () =>
      got(
        api.GET("/api/v1/runs/{run_id}/tasks", { params: { path: { run_id: runId ?? "" }, query: { limit: MOST } } }),
      ),
    enabled: runId !== null,
  });
