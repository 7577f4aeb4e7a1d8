/** What can be done with a run: which actions fit its status and the person, and what each of them will do. */
import type { RunStatus } from "@/lib/states";

export const ACTIONS = ["retry", "edit", "skip", "fork", "resume", "suspend", "cancel"] as const;
export type ActionName = (typeof ACTIONS)[number];

export interface ActionTexts {
  /** What its button says. */
  label: string;
  /** The dialog's heading. */
  title: string;
  /** What will happen. */
  consequence: string;
  /** What the dialog's button says. */
  submit: string;
  /** What is told once it is done. */
  success: string;
}

export const ACTION_TEXTS: Record<ActionName, ActionTexts> = {
  retry: {
    label: "Retry",
    title: "Try the failed task again",
    consequence:
      "The task begins anew with the input that it had, and the run goes on from there. What was done before it stays done.",
    submit: "Retry",
    success: "The task is tried again.",
  },
  edit: {
    label: "Retry with another input",
    title: "Try the failed task again with another input",
    consequence:
      "The task begins anew with what you write here in place of its input, and the run goes on from there. The history keeps both.",
    submit: "Retry with this input",
    success: "The task is tried again, with the input that you gave.",
  },
  skip: {
    label: "Skip",
    title: "Count the failed task as done",
    consequence:
      "Nothing more is done for this task. The run goes on after it, with the output that you write here, or with the task's input where you write none.",
    submit: "Skip the task",
    success: "The task counts as done, and the run goes on.",
  },
  fork: {
    label: "Fork from here",
    title: "Begin a new run at this task",
    consequence:
      "A new run begins at this task with what this run knew then. This run stays as it is. What follows is done once more:",
    submit: "Begin the new run",
    success: "A new run has begun.",
  },
  resume: {
    label: "Resume",
    title: "Let the run go on",
    consequence: "The run goes on where it was suspended. Times that have run out meanwhile count at once.",
    submit: "Resume the run",
    success: "The run goes on.",
  },
  suspend: {
    label: "Suspend",
    title: "Suspend the run",
    consequence: "Nothing new begins until the run is resumed. Attempts that are under way run to their end.",
    submit: "Suspend the run",
    success: "The run is suspended.",
  },
  cancel: {
    label: "Cancel run",
    title: "Cancel the run for good",
    consequence:
      "Its processes and the child runs that it waits for are ended. What was done stays done: nothing is undone. A cancelled run cannot be taken up again.",
    submit: "Cancel the run",
    success: "The run is being cancelled.",
  },
};

const BY_STATUS: Record<RunStatus, readonly ActionName[]> = {
  running: ["suspend", "cancel"],
  waiting: ["suspend", "cancel"],
  suspended: ["resume", "cancel"],
  cancelling: [],
  faulted: ["retry", "edit", "skip"],
  completed: [],
  cancelled: [],
  damaged: [],
};

const REPAIRS: ReadonlySet<ActionName> = new Set(["retry", "edit", "skip", "fork"]);

/** Returns the permission that an action needs in the run's namespace. */
export function permissionOf(action: ActionName): "run.repair" | "run.control" {
  return REPAIRS.has(action) ? "run.repair" : "run.control";
}

/**
 * Returns what can be done with a run.
 *
 * `options` are the codes that the server's explanation offers for a faulted run, where it is known: a run that faulted
 * outside of its tasks has none to retry or skip.
 */
export function listActions(
  status: RunStatus,
  may: (permission: string) => boolean,
  options?: readonly string[],
): ActionName[] {
  return BY_STATUS[status].filter((action) => {
    if (!may(permissionOf(action))) return false;
    if (status !== "faulted" || !options) return true;
    return options.includes(action === "skip" ? "skip" : "retry");
  });
}

/** The status that a run has as soon as an action is taken on, for what can be shown before the server has answered. */
export const EXPECTED: Partial<Record<ActionName, RunStatus>> = {
  suspend: "suspended",
  resume: "running",
  cancel: "cancelling",
};

const PLAIN_STEP = /^(\/do\/\d+\/[^/]+)+/;

/**
 * Returns where a new run can begin that is to do a task again: the task itself, or the one around it that lies outside
 * of every `for`, `foreach`, `fork` and `try`.
 */
export function findForkPoint(reference: string): string | null {
  return PLAIN_STEP.exec(reference)?.[0] ?? null;
}

/** What has an iteration's number behind it in a reference. */
const ITERATED: ReadonlySet<string> = new Set(["for", "foreach"]);

/** Returns a failed task and those around it, innermost first: any of them can be tried again. */
export function listRetryPoints(reference: string): string[] {
  const parts = reference.split("/");
  const points: string[] = [];
  for (let end = parts.length; end > 3; end -= 1) {
    // A task is named after the number of its place; an iteration's number has no name behind it.
    const isTask = /^\d+$/.test(parts[end - 2] ?? "") && !ITERATED.has(parts[end - 3] ?? "");
    if (isTask) points.push(parts.slice(0, end).join("/"));
  }
  return points;
}
