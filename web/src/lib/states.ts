/** What the statuses of runs and tasks are called, and how grave they are. */
import type { RunView } from "@/api/schema";

export type RunStatus = RunView["status"];

export const RUN_STATUSES: readonly RunStatus[] = [
  "running",
  "waiting",
  "suspended",
  "cancelling",
  "completed",
  "faulted",
  "cancelled",
  "damaged",
];

/** How a status is to be taken: `bad` needs somebody, `held` stands still, `active` moves, `good` and `over` are done. */
export type Mood = "good" | "bad" | "active" | "held" | "over";

const MOODS: Record<string, Mood> = {
  running: "active",
  cancelling: "active",
  retrying: "active",
  waiting: "held",
  suspended: "held",
  held: "held",
  completed: "good",
  faulted: "bad",
  damaged: "bad",
  lost: "bad",
  caught: "held",
  interrupted: "held",
  passed: "over",
  retried: "over",
  cancelled: "over",
  skipped: "over",
  pending: "over",
};

/** Returns the mood of a run's or a task's status; what is not known is taken as `over`. */
export function moodOf(status: string): Mood {
  return MOODS[status] ?? "over";
}

export function hasEnded(status: string): boolean {
  return ["completed", "faulted", "cancelled", "damaged"].includes(status);
}
