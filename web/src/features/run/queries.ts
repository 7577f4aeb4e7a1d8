/** What is asked of the server about one run. The keys begin with `["run", id]`, so that the live stream renews them. */
import { queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { RunDetail, RunTask, RunView } from "@/api/schema";

/** The run itself, without its data. */
export function runQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "view"],
    queryFn: async (): Promise<RunView> => {
      const detail = await got(
        api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: runId }, query: { data: false } } }),
      );
      return detail.run;
    },
  });
}

/** The run with its input, output and error, for who may see them. */
export function runDataQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "data"],
    queryFn: (): Promise<RunDetail> => got(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } })),
  });
}

export interface Tasks {
  /** The event that they are the state after. */
  seq: number;
  /** In the order in which they began. */
  tasks: RunTask[];
}

/** What became of the run's tasks. Only those that have changed are asked for when it is renewed. */
export function tasksQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "tasks"],
    queryFn: async ({ client, queryKey }): Promise<Tasks> => {
      let known = client.getQueryData<Tasks>(queryKey) ?? { seq: 0, tasks: [] };
      let hasMore = true;
      while (hasMore) {
        const news = await got(
          api.GET("/api/v1/runs/{run_id}/tasks", {
            params: { path: { run_id: runId }, query: { after: known.seq } },
          }),
        );
        known = { seq: news.seq, tasks: mergeTasks(known.tasks, news.tasks) };
        hasMore = news.has_more;
      }
      return known;
    },
    structuralSharing: false,
  });
}

/** Returns tasks with those that have changed in their places; the same array where none has. */
export function mergeTasks(before: RunTask[], changed: RunTask[]): RunTask[] {
  if (changed.length === 0) return before;
  const merged = new Map(before.map((task) => [task.number, task]));
  for (const task of changed) merged.set(task.number, task);
  return [...merged.values()].sort((one, other) => one.number - other.number);
}

export function childrenQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "children"],
    queryFn: () => got(api.GET("/api/v1/runs", { params: { query: { parent: runId, limit: 10 } } })),
  });
}
