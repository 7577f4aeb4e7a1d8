/** The tasks of two runs side by side: which only one of them took, which ended differently, and their times. */
import type { RunTask } from "@/api/schema";

export type PairDifference = "none" | "only-first" | "only-second" | "outcome" | "way";

/** A task in one run and the same one in the other. */
export interface Pair {
  key: string;
  name: string;
  kind: string;
  /** What is around it, the outermost first: names of tasks and numbers of iterations. */
  around: string[];
  first: RunTask | null;
  second: RunTask | null;
  difference: PairDifference;
  /** How many seconds longer the second one took; `null` where one of them has no end. */
  longer: number | null;
}

export interface Comparison {
  pairs: Pair[];
  onlyFirst: number;
  onlySecond: number;
  outcomes: number;
  ways: number;
}

/** Differences of time that are less are no differences: no two runs take the same time. */
const LEAST_SECONDS = 0.1;
const LEAST_SHARE = 0.2;

/** Pairs the tasks of two runs: by their names and those around them, and by how often the flow came to them. */
export function compareTasks(first: RunTask[], second: RunTask[]): Comparison {
  const ones = keyTasks(first);
  const others = keyTasks(second);
  const pairs = mergeKeys([...ones.keys()], [...others.keys()]).map((key) => makePair(key, ones, others));
  const count = (difference: PairDifference) => pairs.filter((pair) => pair.difference === difference).length;
  return {
    pairs,
    onlyFirst: count("only-first"),
    onlySecond: count("only-second"),
    outcomes: count("outcome"),
    ways: count("way"),
  };
}

/** Tells whether two times of a task differ by more than runs do anyway. */
export function differsInTime({ first, second, longer }: Pair): boolean {
  if (longer === null) return false;
  const most = Math.max(first?.seconds ?? 0, second?.seconds ?? 0);
  return Math.abs(longer) >= LEAST_SECONDS && Math.abs(longer) >= most * LEAST_SHARE;
}

function keyTasks(tasks: RunTask[]): Map<string, RunTask> {
  const counts = new Map<string, number>();
  const keyed = new Map<string, RunTask>();
  for (const task of tasks) {
    const steps = listSteps(task.reference).join("/");
    const count = (counts.get(steps) ?? 0) + 1;
    counts.set(steps, count);
    keyed.set(`${steps}#${count}`, task);
  }
  return keyed;
}

/**
 * The steps of a reference without the places in lists, which differ between versions of a workflow:
 * `/do/1/work/for/0/do/2/post` has `do`, `work`, `for 0`, `do`, `post`.
 */
export function listSteps(reference: string): string[] {
  const parts = reference.split("/").slice(1);
  const steps: string[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const [part = "", next = "", after] = parts.slice(index, index + 3);
    const isNumber = /^\d+$/.test(next);
    if ((part === "for" || part === "foreach") && isNumber) {
      steps.push(`${part} ${next}`);
      index += 1;
    } else if (isNumber && after !== undefined) {
      steps.push(part, after);
      index += 2;
    } else steps.push(part);
  }
  return steps;
}

/** Returns what is around a task, in words: the names of tasks, and which item of a loop. */
function listAround(reference: string): string[] {
  const parts = reference.split("/").slice(1);
  const words: string[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const [part = "", next = "", after] = parts.slice(index, index + 3);
    if (!/^\d+$/.test(next)) continue;
    if (part === "for" || part === "foreach") {
      words.push(`${part === "for" ? "item" : "event"} ${Number(next) + 1}`);
      index += 1;
    } else if (after !== undefined) {
      words.push(after.replaceAll("~1", "/").replaceAll("~0", "~"));
      index += 2;
    }
  }
  return words.slice(0, -1);
}

/** Returns the keys of both in one order: that of the first, with what only the second has after what it came after. */
function mergeKeys(first: string[], second: string[]): string[] {
  const known = new Set(first);
  const following = new Map<string, string[]>();
  let before = "";
  for (const key of second) {
    if (!known.has(key)) {
      const list = following.get(before);
      if (list) list.push(key);
      else following.set(before, [key]);
    } else before = key;
  }
  return [...(following.get("") ?? []), ...first.flatMap((key) => [key, ...(following.get(key) ?? [])])];
}

function makePair(key: string, ones: Map<string, RunTask>, others: Map<string, RunTask>): Pair {
  const first = ones.get(key) ?? null;
  const second = others.get(key) ?? null;
  const task = (first ?? second) as RunTask;
  const longer = first?.seconds == null || second?.seconds == null ? null : second.seconds - first.seconds;
  return {
    key,
    name: task.name,
    kind: task.kind,
    around: listAround(task.reference),
    first,
    second,
    difference: findDifference(first, second),
    longer,
  };
}

function findDifference(first: RunTask | null, second: RunTask | null): PairDifference {
  if (!second) return "only-first";
  if (!first) return "only-second";
  if (first.status !== second.status || first.error?.type !== second.error?.type) return "outcome";
  // A `switch` says by its reason which way the flow went.
  return first.kind === "switch" && (first.text ?? "") !== (second.text ?? "") ? "way" : "none";
}
