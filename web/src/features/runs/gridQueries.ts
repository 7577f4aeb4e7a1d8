/** What the grid asks of the server: the tasks of each run, a few runs at a time, and of one that has ended only once. */
import { queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import { type Column, listTasks, makeColumn, type TaskRow } from "./grid";

const AT_ONCE = 4;
/** Of a run with more tasks, those that changed last are not shown. */
const MOST_TASKS = 5_000;
const KEPT_MILLIS = 30 * 60_000;

let working = 0;
const waiting: (() => void)[] = [];

/** Does some work when few others of its kind are being done. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (working >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else working++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else working--;
  }
}

/** A run's tasks, folded. It is out of date only when the live stream says that the run has moved. */
export function columnQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "column"],
    queryFn: ({ signal }): Promise<Column> =>
      inTurn(async () => {
        const params = { path: { run_id: runId }, query: { limit: MOST_TASKS } };
        const { tasks } = await got(api.GET("/api/v1/runs/{run_id}/tasks", { params, signal }));
        return makeColumn(tasks);
      }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MILLIS,
  });
}

/** All tasks of the workflow that a run is made of, also those that no run has reached. */
export function tasksOfWorkflowQuery(runId: string) {
  return queryOptions({
    queryKey: ["workflow-of-run", runId],
    queryFn: async (): Promise<TaskRow[]> => {
      const path = { run_id: runId };
      const { document } = await got(api.GET("/api/v1/runs/{run_id}/definition", { params: { path } }));
      return listTasks(document);
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MILLIS,
  });
}
