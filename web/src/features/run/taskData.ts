/** What went into a task and what came out of it, from the events of its end. */
import type { NumberedEvent, RunTask } from "@/api/schema";

/** How many events before a task's last one may still tell of its end. */
export const EVENTS_OF_END = 6;

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
