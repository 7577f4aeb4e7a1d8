/** The rows of a run's timeline: its tasks as a tree, with iterations of loops and child runs in it, folded. */
import type { RunTask } from "@/api/schema";
import { worstOf } from "@/graph/severity";
import { listSegments, type Segment } from "./segments";

export interface Row {
  /** What no other row is called. */
  key: string;
  /** The run that it is of: this one, or a child run. */
  runId: string;
  label: string;
  kind: "task" | "iteration";
  /** The task; of an iteration, its first one. */
  task: RunTask;
  depth: number;
  status: string;
  began: number;
  /** `null` while it goes on. */
  ended: number | null;
  segments: Segment[];
  isCritical: boolean;
  canOpen: boolean;
  isOpen: boolean;
  /** The child run that it has started. */
  childRunId: string | null;
  /** Whether the tasks of the child run are being read. */
  isLoading: boolean;
}

export interface RowsInput {
  runId: string;
  tasks: RunTask[];
  /** What somebody has opened or folded, by the keys of rows. */
  turned: ReadonlyMap<string, boolean>;
  /** The tasks of child runs that were read, by the ids of the runs. */
  children: ReadonlyMap<string, RunTask[]>;
}

/** More iterations than these are folded at first, but for those in which something is wrong or goes on. */
const OPEN_ITERATIONS = 5;
/** Child runs in child runs are shown so deep. */
const MOST_DEPTH = 40;

/** What does the same tasks several times: for each item, for each event. */
const LOOPS = new Set(["for", "listen"]);

const NEEDS_ATTENTION = new Set(["faulted", "lost", "interrupted"]);

/** Returns the rows that are to be seen. */
export function listRows(input: RowsInput): Row[] {
  const rows: Row[] = [];
  new RowMaker(input, input.runId, input.tasks, rows, true).add(0, 0);
  return rows;
}

/** Returns the keys of the rows around a task, so that it can be brought into sight. */
export function findAround(runId: string, tasks: RunTask[], task: RunTask): string[] {
  const byEntry = new Map(tasks.map((each) => [each.entry, each]));
  const keys: string[] = [];
  for (let inner = task; inner.parent; ) {
    const around = byEntry.get(inner.parent);
    if (!around) break;
    if (LOOPS.has(around.kind) && inner.iteration != null) keys.push(iterationKey(runId, around, inner.iteration));
    keys.push(taskKey(runId, around));
    inner = around;
  }
  return keys;
}

export function taskKey(runId: string, task: RunTask): string {
  return `${runId}/${task.number}`;
}

function iterationKey(runId: string, loop: RunTask, iteration: number): string {
  return `${taskKey(runId, loop)}/${iteration}`;
}

class RowMaker {
  private readonly inside = new Map<number, RunTask[]>();
  private readonly input: RowsInput;
  private readonly runId: string;
  private readonly rows: Row[];

  /** Whether the run itself lies on the critical path of the one that is shown. */
  private readonly isCritical: boolean;

  constructor(input: RowsInput, runId: string, tasks: RunTask[], rows: Row[], isCritical: boolean) {
    this.isCritical = isCritical;
    this.input = input;
    this.runId = runId;
    this.rows = rows;
    for (const task of tasks) {
      const around = task.parent ?? 0;
      const list = this.inside.get(around);
      if (list) list.push(task);
      else this.inside.set(around, [task]);
    }
  }

  /** Adds the rows of the tasks within an entry. */
  add(entry: number, depth: number): void {
    for (const task of this.inside.get(entry) ?? []) this.addTask(task, depth);
  }

  private addTask(task: RunTask, depth: number): void {
    const inner = task.entry ? (this.inside.get(task.entry) ?? []) : [];
    const childRunId = task.child_run_id ?? null;
    const key = taskKey(this.runId, task);
    const canOpen = inner.length > 0 || (childRunId !== null && depth < MOST_DEPTH);
    const isOpen = canOpen && (this.input.turned.get(key) ?? inner.length > 0);
    const childTasks = childRunId === null ? undefined : this.input.children.get(childRunId);
    this.rows.push({
      key,
      runId: this.runId,
      label: task.name,
      kind: "task",
      task,
      depth,
      status: task.status,
      began: Date.parse(task.began_at),
      ended: task.ended_at ? Date.parse(task.ended_at) : null,
      segments: listSegments(task, inner.length > 0),
      isCritical: this.isCritical && task.is_critical === true,
      canOpen,
      isOpen,
      childRunId,
      isLoading: isOpen && childRunId !== null && inner.length === 0 && childTasks === undefined,
    });
    if (!isOpen) return;
    if (LOOPS.has(task.kind)) this.addIterations(task, inner, depth + 1);
    else if (inner.length > 0) this.add(task.entry ?? 0, depth + 1);
    if (childRunId !== null && childTasks) {
      new RowMaker(this.input, childRunId, childTasks, this.rows, task.is_critical === true).add(0, depth + 1);
    }
  }

  private addIterations(loop: RunTask, inner: RunTask[], depth: number): void {
    const iterations = new Map<number, RunTask[]>();
    for (const task of inner) {
      const number = task.iteration ?? 0;
      const list = iterations.get(number);
      if (list) list.push(task);
      else iterations.set(number, [task]);
    }
    for (const [iteration, tasks] of iterations) this.addIteration(loop, iteration, tasks, depth, iterations.size);
  }

  private addIteration(loop: RunTask, iteration: number, tasks: RunTask[], depth: number, count: number): void {
    const [first] = tasks;
    if (!first) return;
    const key = iterationKey(this.runId, loop, iteration);
    const status = worstOf(tasks.at(-1)?.status ?? "", ...tasks.map((task) => task.status));
    const isOpen = this.input.turned.get(key) ?? (count <= OPEN_ITERATIONS || NEEDS_ATTENTION.has(status));
    const began = Date.parse(first.began_at);
    const isGoing = tasks.some((task) => !task.ended_at);
    const ended = isGoing ? null : Math.max(...tasks.map((task) => Date.parse(task.ended_at ?? task.began_at)));
    const frame: Segment = { kind: "frame", from: began, to: ended, code: "", text: "", attempt: 0, isBad: false };
    // Folded, it shows what is in it.
    const inner = isOpen ? [] : tasks.flatMap((task) => this.listInner(task));
    this.rows.push({
      key,
      runId: this.runId,
      label: `${loop.kind === "listen" ? "event" : "item"} ${iteration + 1}`,
      kind: "iteration",
      task: first,
      depth,
      status,
      began,
      ended,
      segments: [frame, ...inner],
      isCritical: this.isCritical && tasks.some((task) => task.is_critical),
      canOpen: true,
      isOpen,
      childRunId: null,
      isLoading: false,
    });
    if (isOpen) for (const task of tasks) this.addTask(task, depth + 1);
  }

  private listInner(task: RunTask): Segment[] {
    const inner = task.entry ? (this.inside.get(task.entry) ?? []) : [];
    const own = listSegments(task, inner.length > 0).filter((segment) => segment.kind !== "frame");
    return [...own, ...inner.flatMap((each) => this.listInner(each))];
  }
}
