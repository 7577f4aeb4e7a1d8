/** How a run's tasks were after an earlier event of its history. */
import type { RunTask } from "@/api/schema";

/** An open task of the state after an event; see `GET /runs/{id}/state`. */
export interface OpenEntry {
  entry: number;
  reference: string;
  input?: unknown;
  attempt: { number: number; state: string } | null;
  timers: Record<string, number>;
}

/** The state of a run after an event of its history. */
export interface PastState {
  seq: number;
  status: string;
  input?: unknown;
  context?: unknown;
  output?: unknown;
  error?: unknown;
  open: OpenEntry[];
}

export interface Past {
  /** The number of the event. */
  seq: number;
  /** When it was. */
  at: string;
  /** The state then; `null` for who may not see data: then times alone decide, which many events can share. */
  state: PastState | null;
}

/** Returns the tasks that had begun by then, each as it was. */
export function tasksAt(tasks: RunTask[], past: Past): RunTask[] {
  const open = past.state && new Map(past.state.open.map((each) => [each.entry, each]));
  const moment = Date.parse(past.at);
  const at = sortable(past.at);
  const found: RunTask[] = [];
  for (const task of tasks) {
    const entry = task.entry ? open?.get(task.entry) : undefined;
    const began = sortable(task.began_at);
    const hasBegun = began < at || (began === at && (task.seq <= past.seq || !open));
    if (!entry && !hasBegun) continue;
    const hasEnded = open ? !entry : isBefore(task.ended_at, past.at);
    found.push(hasEnded ? asEnded(task, past) : asOpen(task, entry, past, moment));
  }
  return found;
}

/** A task that had ended, without what a person did about it later. */
function asEnded(task: RunTask, { seq, at }: Past): RunTask {
  const isLater = task.seq > seq && (task.status === "retried" || task.status === "passed");
  return { ...cutAttempts(task, at), status: isLater ? "faulted" : task.status };
}

function asOpen(task: RunTask, entry: OpenEntry | undefined, past: Past, moment: number): RunTask {
  const runHasFaulted = past.state?.status === "faulted";
  const status = runHasFaulted
    ? task.error && isBefore(task.ended_at, past.at)
      ? "faulted"
      : "interrupted"
    : findStatus(task, entry, past.at);
  return {
    ...cutAttempts(task, past.at),
    status,
    ended_at: null,
    seconds: Math.max(0, (moment - Date.parse(task.began_at)) / 1000),
    error: status === "faulted" ? task.error : null,
  };
}

function findStatus(task: RunTask, entry: OpenEntry | undefined, at: string): RunTask["status"] {
  if (entry?.attempt?.state === "held") return "held";
  if (entry && ("wait" in entry.timers || "retry" in entry.timers)) return "waiting";
  const { wait } = task;
  const isKnown = !entry || wait?.code === "waiting_for_event"; // of what listens, an entry says nothing
  const isWaiting = isKnown && wait && isBefore(wait.began_at, at) && !isBefore(wait.ended_at, at);
  return isWaiting ? (wait.code === "waiting_for_slot" ? "held" : "waiting") : "running";
}

function cutAttempts(task: RunTask, at: string): RunTask {
  const attempts = task.attempts
    ?.filter((attempt) => isBefore(attempt.created_at, at))
    .map((attempt) =>
      attempt.ended_at && !isBefore(attempt.ended_at, at)
        ? { ...attempt, ended_at: null, outcome: "open" as const, error: "" }
        : attempt,
    );
  return { ...task, attempts, retries: task.retries?.filter((retry) => isBefore(retry.caught_at, at)) };
}

/** Tells whether something has a time, and was then or before. */
function isBefore(time: string | null | undefined, at: string): boolean {
  return Boolean(time) && sortable(time as string) <= sortable(at);
}

/** Times of the API are precise to the microsecond, which a `Date` is not: as text of one length they compare rightly. */
function sortable(time: string): string {
  const [seconds, fraction = ""] = time.replace("Z", "").split(".");
  return `${seconds}.${fraction.padEnd(6, "0")}`;
}
