/** The list of a run's tasks: which of them are shown, and in which order; and how they were at an earlier event. */
import type { RunTask } from "@/api/schema";
import { moodOf } from "@/lib/states";

export const TASK_FILTERS = ["all", "bad", "open", "critical", "unreached"] as const;
export type TaskFilter = (typeof TASK_FILTERS)[number];
export type TaskOrder = "grave" | "begun";

const OPEN = new Set(["running", "waiting", "held"]);

/** Tells whether a task is under way, or waits. */
export function isOpen(task: RunTask): boolean {
  return OPEN.has(task.status);
}

export function isBad(task: RunTask): boolean {
  return moodOf(task.status) === "bad";
}

/**
 * Returns tasks as a person wants to read them: what failed first, of that the last first, as it is nearest to the
 * cause; then what was under way; then the rest as it began.
 */
export function orderTasks(tasks: RunTask[], order: TaskOrder): RunTask[] {
  if (order === "begun") return tasks;
  return [...tasks].sort((one, other) => {
    const rank = rankOf(one) - rankOf(other);
    if (rank !== 0) return rank;
    return isBad(one) ? other.number - one.number : one.number - other.number;
  });
}

function rankOf(task: RunTask): number {
  if (isBad(task)) return 0;
  if (task.status === "interrupted") return 1;
  return isOpen(task) ? 2 : 3;
}

/** Returns those tasks that a filter and a text (of the name, the reference or the error) let through. */
export function filterTasks(tasks: RunTask[], filter: TaskFilter, text: string): RunTask[] {
  const wanted = text.trim().toLowerCase();
  return tasks.filter((task) => {
    if (filter === "bad" && !isBad(task)) return false;
    if (filter === "open" && !isOpen(task)) return false;
    if (filter === "critical" && !task.is_critical) return false;
    if (wanted === "") return true;
    const said = `${task.reference} ${task.kind} ${task.status} ${task.error?.title ?? ""} ${task.error?.detail ?? ""}`;
    return said.toLowerCase().includes(wanted);
  });
}

export function countTasks(tasks: RunTask[]): Record<Exclude<TaskFilter, "unreached">, number> {
  const counts = { all: tasks.length, bad: 0, open: 0, critical: 0 };
  for (const task of tasks) {
    if (isBad(task)) counts.bad += 1;
    if (isOpen(task)) counts.open += 1;
    if (task.is_critical) counts.critical += 1;
  }
  return counts;
}

/** Where a task stands that has other tasks around it, as words: "build › compile, item 3". */
export function describePlace(task: Pick<RunTask, "reference">): string {
  return listSteps(task.reference).join(" › ");
}

/** The parts of a reference that say something: names of tasks, and the numbers of iterations, from 1. */
export function listSteps(reference: string): string[] {
  const parts = reference.split("/").slice(1).map(unescapePointer);
  const steps: string[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const [part, next] = [parts[index], parts[index + 1]];
    const isNumbered = next !== undefined && /^\d+$/.test(next);
    if ((part === "for" || part === "foreach") && isNumbered) {
      steps.push(`${part === "for" ? "item" : "event"} ${Number(next) + 1}`);
      index += 1;
    } else if (isNumbered && parts[index + 2] !== undefined) {
      steps.push(parts[index + 2] as string);
      index += 2;
    }
  }
  return steps;
}

function unescapePointer(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
