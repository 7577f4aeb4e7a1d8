/** Runs by tasks: for each run of a workflow what became of each of its tasks, in the order of the workflow. */
import type { RunTask } from "@/api/schema";
import { rankOf } from "@/graph/severity";
import { describeSeconds } from "@/lib/time";

/** A task of a workflow, whichever version. */
export interface TaskRow {
  /** The names on the way to it: the same where other tasks were put before it in another version. */
  key: string;
  name: string;
  /** How many tasks it lies in. */
  depth: number;
}

/** What became of a task in a run. */
export interface Cell {
  /** The gravest status, if the flow came to it several times. */
  status: string;
  /** How often the flow came to it. */
  count: number;
  /** The reference of the gravest. */
  reference: string;
  /** How long it took, over all times; null while one has not ended. */
  seconds: number | null;
  /** Why it went that way. */
  note: string;
}

/** A run's tasks: its rows in the order of its workflow, and the cells by the rows' keys. */
export interface Column {
  rows: TaskRow[];
  cells: Record<string, Cell>;
}

/** In which order the lists within a task stand. */
const LISTS = ["do", "fork/branches", "try", "foreach/do", "catch/do"];

interface Step {
  list: string;
  index: number;
  name: string;
}

/** Returns the lists, places and names on the way to a task: `/do/1/work/try/0/read` has two steps. */
export function readPlace(place: string): Step[] {
  const steps: Step[] = [];
  let list: string[] = [];
  const segments = place.split("/").slice(1);
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at] ?? "";
    const name = segments[at + 1];
    if (/^\d+$/.test(segment) && name !== undefined) {
      steps.push({ list: list.join("/"), index: Number(segment), name: unescapeName(name) });
      list = [];
      at++;
    } else {
      list.push(segment);
    }
  }
  return steps;
}

/** Returns all tasks of a workflow's document, as it lists them. */
export function listTasks(document: unknown): TaskRow[] {
  const rows: TaskRow[] = [];
  const walk = (task: unknown, above: Step[]) => {
    for (const list of LISTS) {
      const entries = list.split("/").reduce(getMember, task);
      if (!Array.isArray(entries)) continue;
      entries.forEach((entry: unknown, index) => {
        for (const [name, inner] of Object.entries(isObject(entry) ? entry : {})) {
          const steps = [...above, { list, index, name }];
          rows.push(makeRow(steps));
          walk(inner, steps);
        }
      });
    }
  };
  walk(document, []);
  return rows;
}

/** Folds what became of a run's tasks to a column. */
export function makeColumn(tasks: readonly RunTask[]): Column {
  const steps = new Map<string, Step[]>();
  const cells: Record<string, Cell> = {};
  for (const task of tasks) {
    const place = readPlace(task.place || task.reference);
    if (place.length === 0) continue;
    const { key } = makeRow(place);
    steps.set(key, place);
    cells[key] = addToCell(cells[key], task);
  }
  return { rows: [...steps.values()].sort(compareSteps).map(makeRow), cells };
}

/**
 * Puts the rows of several versions of a workflow together. The first has the say over the order; what only others
 * have follows what it follows there.
 */
export function mergeRows(lists: readonly (readonly TaskRow[])[]): TaskRow[] {
  const merged: TaskRow[] = [];
  for (const rows of lists) {
    let at = 0;
    for (const row of rows) {
      const known = merged.findIndex(({ key }) => key === row.key);
      if (known >= 0) at = known + 1;
      else merged.splice(at++, 0, row);
    }
  }
  return merged;
}

/** Says a cell in words. */
export function describeCell(row: TaskRow, cell: Cell | undefined): string {
  if (!cell) return `${row.name}: not reached`;
  const times = cell.count > 1 ? `, ${cell.count} times` : "";
  const took = cell.seconds === null || cell.status === "skipped" ? "" : `, ${describeSeconds(cell.seconds)}`;
  return `${row.name}: ${cell.status}${times}${took}${cell.note && `. ${cell.note}`}`;
}

function addToCell(cell: Cell | undefined, task: RunTask): Cell {
  const seconds = task.seconds ?? null;
  const note = task.error?.detail || task.error?.title || task.text || "";
  if (!cell) return { status: task.status, count: 1, reference: task.reference, seconds, note };
  const sum = cell.seconds === null || seconds === null ? null : cell.seconds + seconds;
  const added = { ...cell, count: cell.count + 1, seconds: sum };
  // Of two that are equally grave the later one is taken.
  if (rankOf(task.status) < rankOf(cell.status)) return added;
  return { ...added, status: task.status, reference: task.reference, note };
}

function makeRow(steps: readonly Step[]): TaskRow {
  const key = steps.map(({ list, name }) => `${list}:${name}`).join("/");
  return { key, name: steps.at(-1)?.name ?? "", depth: steps.length - 1 };
}

function compareSteps(one: readonly Step[], other: readonly Step[]): number {
  for (const [at, step] of one.entries()) {
    const against = other[at];
    if (!against) return 1;
    const byList = LISTS.indexOf(step.list) - LISTS.indexOf(against.list) || step.list.localeCompare(against.list);
    if (byList !== 0) return byList;
    if (step.index !== against.index) return step.index - against.index;
  }
  return one.length - other.length;
}

function unescapeName(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}

function getMember(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
