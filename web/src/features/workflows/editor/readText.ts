/**
 * The text of a workflow, read for the editor: its value, where each task stands in it, and what stands at a place.
 *
 * A text is read while it is written, so that whatever is wrong with it is passed over here, never thrown.
 */
import { isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";

export type Path = (string | number)[];

/** Where a task stands: offsets in the text, its name included, to the end of the last line of it. */
export interface TaskPlace {
  /** The JSON pointer of its place, by which the server and the diagram call it. */
  reference: string;
  name: string;
  from: number;
  to: number;
}

export interface ReadText {
  /** Whether it is YAML at all. */
  isBroken: boolean;
  /** What is wrong first, and where, for a text that is broken. */
  trouble: { message: string; line: number } | null;
  /** What it says, as JSON; `null` for a text that is broken. */
  value: unknown;
  /** All tasks in the order of the text. */
  tasks: TaskPlace[];
  root: Node | null;
}

export function readText(text: string): ReadText {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: false, logLevel: "silent" });
  const [error] = document.errors;
  let value: unknown = null;
  let isBroken = error !== undefined;
  if (!isBroken) {
    try {
      value = document.toJS({ maxAliasCount: 1000 });
    } catch {
      isBroken = true;
    }
  }
  const root = document.contents as Node | null;
  return {
    isBroken,
    trouble: isBroken ? { message: firstLineOf(error?.message), line: error?.linePos?.[0].line ?? 1 } : null,
    value,
    tasks: listTasks(text, root),
    root,
  };
}

let latest: { text: string; read: ReadText } | null = null;

/** Reads a text once for all who ask for it in turn: the editor's parts look at the same one. */
export function readLatest(text: string): ReadText {
  if (latest?.text !== text) latest = { text, read: readText(text) };
  return latest.read;
}

function firstLineOf(message: string | undefined): string {
  return (message ?? "the text cannot be read").split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
}

/** Returns the innermost task that a place of the text lies in. */
export function findTaskAt(tasks: TaskPlace[], offset: number): TaskPlace | null {
  let found: TaskPlace | null = null;
  for (const task of tasks) {
    if (task.from > offset) break;
    if (offset <= task.to) found = task;
  }
  return found;
}

export function toPointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function splitPointer(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function listTasks(text: string, root: Node | null): TaskPlace[] {
  const tasks: TaskPlace[] = [];
  const addList = (list: unknown, path: Path) => {
    if (!isSeq(list)) return;
    list.items.forEach((item, index) => {
      if (!isMap(item)) return;
      for (const pair of item.items) {
        const name = keyOf(pair);
        const key = pair.key as Node;
        if (name === null || !key.range) continue;
        const its = [...path, index, name];
        const value = pair.value as Node | null;
        const end = value?.range?.[1] ?? key.range[1];
        tasks.push({ reference: toPointer(its), name, from: lineStart(text, key.range[0]), to: trimEnd(text, end) });
        if (isMap(value)) addWithin(value, its);
      }
    });
  };
  const addWithin = (task: YAMLMap, path: Path) => {
    addList(task.get("do", true), [...path, "do"]);
    addList(task.get("try", true), [...path, "try"]);
    for (const [outer, inner] of NESTED) {
      const part = task.get(outer, true);
      if (isMap(part)) addList(part.get(inner, true), [...path, outer, inner]);
    }
  };
  if (isMap(root)) addList(root.get("do", true), ["do"]);
  return tasks.sort((one, other) => one.from - other.from || other.to - one.to);
}

/** Where tasks stand in a task, besides `do` and `try`. */
const NESTED = [
  ["fork", "branches"],
  ["catch", "do"],
  ["foreach", "do"],
] as const;

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function trimEnd(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] ?? "")) at--;
  return at;
}

function keyOf(pair: Pair): string | null {
  return isScalar(pair.key) ? String(pair.key.value) : null;
}

/** A value in the text with the keys and indices that lead to it, the outermost first. */
export interface Found {
  path: Path;
  /** Whether the place is in the key that the path ends with, not in its value. */
  isKey: boolean;
  node: Node;
}

/** Returns what stands at a place of the text: the innermost key or scalar; `null` between them. */
export function findNodeAt(root: Node | null, offset: number): Found | null {
  return search(root, [], (node) => {
    const range = node.range;
    return range !== null && range !== undefined && range[0] <= offset && offset <= range[1];
  });
}

/** Returns the scalar, a key or a value, that is written exactly so. */
export function findScalar(root: Node | null, written: string): Found | null {
  return search(root, [], (node) => !isScalar(node) || node.value === written);
}

/** Searches inwards; what is found is a key or a scalar for which `fits` holds, and so it does for all around it. */
function search(node: unknown, path: Path, fits: (node: Node) => boolean): Found | null {
  if (isMap(node)) {
    for (const pair of node.items) {
      const name = keyOf(pair);
      if (name === null) continue;
      const its = [...path, name];
      if (isScalar(pair.key) && fits(pair.key)) return { path: its, isKey: true, node: pair.key };
      const within = search(pair.value, its, fits);
      if (within) return within;
    }
    return null;
  }
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const its = [...path, index];
      const within = isPair(item) ? null : search(item, its, fits);
      if (within) return within;
    }
    return null;
  }
  return isScalar(node) && fits(node) ? { path, isKey: false, node } : null;
}

/** Returns the node at a path; with `isKey`, the key that the path ends with. */
export function findByPath(root: Node | null, path: readonly (string | number)[], isKey = false): Node | null {
  let node: unknown = root;
  for (const [depth, step] of path.entries()) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((each) => keyOf(each) === String(step));
      if (!pair) return null;
      if (isKey && depth === path.length - 1) return pair.key as Node;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
    } else {
      return null;
    }
  }
  return (node as Node) ?? null;
}

/** Returns the offset of a line and a column, both from 1; columns are counted in characters. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let each = 1; each < line; each++) {
    const next = text.indexOf("\n", start);
    if (next === -1) return text.length;
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  const characters = [...text.slice(start, end === -1 ? text.length : end)];
  return start + characters.slice(0, Math.max(0, column - 1)).join("").length;
}
