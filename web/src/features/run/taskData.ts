/** What went into a task and what came out of it, from the events of its end. */
import type { NumberedEvent, RunTask } from "@/api/schema";

/** How many events before a task's last one may still tell of its end. */
export const EVENTS_OF_END = 6;

/** Where a task's input came from: an earlier task's output, or the input of what is around it. */
export type Giver = { task: RunTask } | { entry: number };

/**
 * Returns what gave a task its input, which for one that was done in one step is kept nowhere else; `null` where that
 * cannot be told for certain, as after a jump back or in a loop.
 */
export function findGiver(tasks: RunTask[], task: RunTask): Giver | null {
  const entry = task.parent ?? 0;
  const around = entry === 0 ? undefined : tasks.find((each) => each.entry === entry);
  if (entry !== 0 && (!around || around.kind === "for")) return null;
  const beside = tasks.filter(
    (each) => (each.parent ?? 0) === entry && each.number < task.number && each.reference !== task.reference,
  );
  const isAgain = tasks.some((each) => each.number < task.number && each.reference === task.reference);
  if (isAgain) return null;
  if (around?.kind === "fork" || beside.length === 0) return { entry };
  // What is beside it in a `try` may also be of its `catch`, which is given something else.
  const listOf = (reference: string) => reference.replace(/\/\d+\/[^/]*$/, "");
  const before = beside.at(-1);
  return before && listOf(before.reference) === listOf(task.reference) ? { task: before } : null;
}

interface StoredEvent {
  event?: unknown;
  entry?: unknown;
  output?: unknown;
}

/**
 * Returns the output of a task from events around its end: what its `output.as` made, or else what its activity gave.
 * `undefined` where none is recorded: then it is the task's input, unchanged.
 */
export function findOutput(events: NumberedEvent[], task: Pick<RunTask, "entry">): { value: unknown } | undefined {
  let found: { value: unknown } | undefined;
  for (const { event } of events) {
    const stored = (event ?? {}) as StoredEvent;
    if (stored.entry !== task.entry || !("output" in stored)) continue;
    if (stored.event === "attempt_ended" || stored.event === "task_completed" || stored.event === "task_passed")
      found = { value: stored.output };
  }
  return found;
}
