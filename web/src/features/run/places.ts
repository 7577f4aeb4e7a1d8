/** The tasks that a workflow's document has, by their references: to tell which of them a run never came to. */
import type { RunTask } from "@/api/schema";

export interface Place {
  reference: string;
  name: string;
  kind: string;
}

const KINDS = ["for", "fork", "try", "switch", "do", "set", "wait", "run", "call", "raise", "emit", "listen"] as const;

/** Returns all tasks of a document, in its order, each before those in it. */
export function listPlaces(document: Record<string, unknown>): Place[] {
  const found: Place[] = [];
  addList(document.do, "/do", found);
  return found;
}

function addList(list: unknown, pointer: string, found: Place[]): void {
  if (!Array.isArray(list)) return;
  list.forEach((item: unknown, index) => {
    if (!isObject(item)) return;
    for (const [name, task] of Object.entries(item)) {
      if (!isObject(task)) continue;
      const reference = `${pointer}/${index}/${escapePointer(name)}`;
      found.push({ reference, name, kind: KINDS.find((kind) => kind in task) ?? "task" });
      addTasks(task, reference, found);
    }
  });
}

function addTasks(task: Record<string, unknown>, reference: string, found: Place[]): void {
  addList(task.do, `${reference}/do`, found);
  addList(task.try, `${reference}/try`, found);
  if (isObject(task.fork)) addList(task.fork.branches, `${reference}/fork/branches`, found);
  if (isObject(task.catch)) addList(task.catch.do, `${reference}/catch/do`, found);
  if (isObject(task.foreach)) addList(task.foreach.do, `${reference}/foreach/do`, found);
}

/** Returns those tasks of the document that a run has never come to. */
export function findUnreached(places: Place[], tasks: Pick<RunTask, "reference" | "place">[]): Place[] {
  const reached = new Set(tasks.map((task) => task.place || task.reference));
  return places.filter((place) => !reached.has(place.reference));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function escapePointer(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
