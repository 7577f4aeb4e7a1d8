/** What is asked of the server about one run. The keys begin with `["run", id]`, so that the live stream renews them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Explanation, NumberedEvent, RunDefinition, RunDetail, RunTask, RunView } from "@/api/schema";
import { takingChanges } from "@/lib/following";
import { changeRun } from "@/lib/runChanges";
import type { OpenEntry, PastState } from "./past";
import { EVENTS_OF_END, findGiver, findOutput } from "./taskData";

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
    meta: takingChanges<RunView>((run, changes) => changeRun(run, changes.get(run.run_id))),
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
    meta: { isClose: true },
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

/** The workflow that the run is made of; it never changes. */
export function definitionQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "definition"],
    queryFn: (): Promise<RunDefinition> =>
      got(api.GET("/api/v1/runs/{run_id}/definition", { params: { path: { run_id: runId } } })),
    staleTime: "static",
  });
}

/** Why the run, or one of its tasks, is as it is. */
export function whyQuery(runId: string, task?: string) {
  return queryOptions({
    queryKey: ["run", runId, "why", task ?? ""],
    queryFn: (): Promise<Explanation> =>
      got(api.GET("/api/v1/runs/{run_id}/why", { params: { path: { run_id: runId }, query: { task } } })),
  });
}

/** The run that this one was forked from; `null` for one that was started. Only who may see data can know. */
export function originQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "origin"],
    queryFn: async ({ signal }): Promise<string | null> => {
      const [first] = await readHistory(runId, 0, 1, signal);
      const stored = first?.event as { source_run_id?: unknown } | null | undefined;
      return typeof stored?.source_run_id === "string" ? stored.source_run_id : null;
    },
    staleTime: "static",
  });
}

/** So many events may tell of a task after it has been closed. */
const MOST_AFTER_END = 3;

/** How many events a page of the history has; the numbers of events go from 1 without a gap. */
export const HISTORY_PAGE = 200;

/** A page of the history, counted from 0. What has been read of it never changes: only what has come since is asked for. */
export function historyQuery(runId: string, page: number) {
  return queryOptions({
    queryKey: ["run", runId, "history", page],
    queryFn: async ({ client, queryKey, signal }) => {
      const known = client.getQueryData<NumberedEvent[]>(queryKey) ?? [];
      const after = page * HISTORY_PAGE + known.length;
      const news = await readHistory(runId, after, HISTORY_PAGE - known.length, signal);
      return news.length === 0 ? known : [...known, ...news];
    },
    staleTime: (query) => (query.state.data?.length === HISTORY_PAGE ? "static" : 0),
    structuralSharing: false,
    meta: { isClose: true },
  });
}

/** Returns events that follow one. */
export async function readHistory(
  runId: string,
  after: number,
  limit: number,
  signal?: AbortSignal,
): Promise<NumberedEvent[]> {
  const request = { params: { path: { run_id: runId }, query: { after, limit } }, signal };
  return (await got(api.GET("/api/v1/runs/{run_id}/history", request))).items;
}

/** A run as it was after an event of its history. */
export interface PastMoment {
  event: NumberedEvent;
  state: PastState | null;
}

/** How the run was after an event; the state only for who may see data. */
export function pastQuery(runId: string, seq: number, withData: boolean) {
  return queryOptions({
    queryKey: ["run", runId, "past", seq, withData],
    queryFn: async ({ client, signal }): Promise<PastMoment> => {
      const page = Math.floor((seq - 1) / HISTORY_PAGE);
      const [events, state] = await Promise.all([
        client.ensureQueryData(historyQuery(runId, page)),
        withData ? readState(runId, seq, signal) : null,
      ]);
      const event = events.find((each) => each.seq === seq) ?? (await readHistory(runId, seq - 1, 1, signal))[0];
      if (!event) throw new Error(`The history of this run has no event ${seq}.`);
      return { event, state };
    },
    staleTime: "static",
    placeholderData: keepPreviousData,
  });
}

/** The state that the run has now, or had after an event. */
export async function readState(runId: string, at?: number, signal?: AbortSignal): Promise<PastState> {
  const request = { params: { path: { run_id: runId }, query: { at } }, signal };
  return (await got(api.GET("/api/v1/runs/{run_id}/state", request))) as unknown as PastState;
}

export function stateQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId, "state"],
    queryFn: ({ signal }) => readState(runId, undefined, signal),
  });
}

/** What went into a task that has ended, and what came out of it, as far as the history has it. */
export interface TaskData {
  input?: { value: unknown };
  output?: { value: unknown };
}

export function taskDataQuery(runId: string, task: RunTask) {
  return queryOptions({
    queryKey: ["run", runId, "task-data", task.number, task.seq],
    queryFn: async ({ client, signal }): Promise<TaskData> => {
      const output = await readOutput(runId, task, signal);
      const entry = await findOpenEntry(runId, task, signal);
      if (entry) return { input: { value: entry.input ?? null }, output };
      const known = await client.ensureQueryData(tasksQuery(runId));
      const giver = findGiver(known.tasks, task);
      if (giver && "task" in giver) return { input: await readOutput(runId, giver.task, signal), output };
      const state = giver && (await readState(runId, Math.max(1, task.seq - 1), signal));
      const around = state?.open.find((each) => each.entry === giver?.entry);
      return { input: around && { value: around.input ?? null }, output };
    },
    staleTime: "static",
  });
}

async function readOutput(runId: string, task: RunTask, signal: AbortSignal): Promise<{ value: unknown } | undefined> {
  const first = Math.max(0, task.seq - EVENTS_OF_END);
  return findOutput(await readHistory(runId, first, task.seq - first, signal), task);
}

/** Returns what a task had while it was open; `undefined` for one of a single step, which never is. */
async function findOpenEntry(runId: string, task: RunTask, signal: AbortSignal): Promise<OpenEntry | undefined> {
  if (!task.entry) return undefined;
  // The last event that changed a task need not be the one that has closed it.
  for (let at = task.seq; at >= Math.max(1, task.seq - MOST_AFTER_END); at -= 1) {
    const state = await readState(runId, at, signal);
    const entry = state.open.find((each) => each.entry === task.entry);
    if (entry) return entry;
  }
  return undefined;
}
