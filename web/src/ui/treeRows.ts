/** A JSON value as the rows of a tree: flattened as far as it is open, searched, and named by paths. */

export type Key = string | number;

export interface TreeRow {
  /** The JSON pointer of the value; empty for the whole. */
  pointer: string;
  path: Key[];
  /** Its key in what is around it; `null` for the whole. */
  key: Key | null;
  value: unknown;
  depth: number;
  /** How many members it has; `null` for what is no object and no list. */
  size: number | null;
  isOpen: boolean;
  /** Whether the search has found its key or its own text. */
  isFound: boolean;
}

export interface TreeSearch {
  /** The pointers of what was found. */
  found: Set<string>;
  /** Those of everything around what was found. */
  around: Set<string>;
  /** Whether there was more than is looked through. */
  isCut: boolean;
}

/** So many values are looked through at most, and so many are found. */
const MOST_VISITED = 500_000;
const MOST_FOUND = 5_000;

export function escapeKey(key: Key): string {
  return String(key).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Returns an expression that leads to a value: `.order.lines[3]["odd key"]`. */
export function describePath(path: Key[]): string {
  if (path.length === 0) return ".";
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `${text === "" ? "." : ""}[${key}]`;
    else if (/^[A-Za-z_]\w*$/.test(key)) text += `.${key}`;
    else text += `${text === "" ? "." : ""}[${JSON.stringify(key)}]`;
  }
  return text;
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === "object" && value !== null;
}

function sizeOf(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  return isContainer(value) ? Object.keys(value).length : null;
}

function* membersOf(value: Record<string, unknown> | unknown[]): Generator<[Key, unknown]> {
  if (Array.isArray(value)) for (let index = 0; index < value.length; index += 1) yield [index, value[index]];
  else for (const key of Object.keys(value)) yield [key, value[key]];
}

/** Returns what is open at first: the whole, and what is in it as long as that is little. */
export function openAtFirst(value: unknown, rows = 60): Set<string> {
  const open = new Set<string>();
  let waiting: [string, unknown][] = [["", value]];
  let shown = 1;
  while (waiting.length > 0) {
    const next: [string, unknown][] = [];
    for (const [pointer, each] of waiting) {
      const size = sizeOf(each);
      if (!isContainer(each) || size === null || (pointer !== "" && shown + size > rows)) continue;
      open.add(pointer);
      shown += size;
      if (size <= rows)
        for (const [key, member] of membersOf(each)) next.push([`${pointer}/${escapeKey(key)}`, member]);
    }
    waiting = next;
  }
  return open;
}

/** Returns the rows that are to be seen: with a search, what was found and what is around and in it. */
export function flattenTree(
  value: unknown,
  isOpen: (pointer: string) => boolean,
  search: TreeSearch | null = null,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (each: unknown, path: Key[], pointer: string, isWithinFound: boolean) => {
    const isFound = search?.found.has(pointer) ?? false;
    if (search && !isFound && !isWithinFound && !search.around.has(pointer) && pointer !== "") return;
    const size = sizeOf(each);
    const row = { pointer, path, key: path.at(-1) ?? null, value: each, depth: path.length, size, isFound };
    const opened = size !== null && size > 0 && isOpen(pointer);
    rows.push({ ...row, isOpen: opened });
    if (!opened || !isContainer(each)) return;
    for (const [key, member] of membersOf(each))
      add(member, [...path, key], `${pointer}/${escapeKey(key)}`, isWithinFound || isFound);
  };
  add(value, [], "", false);
  return rows;
}

/** Looks for a text in the keys and the plain values of a tree, in whatever case. */
export function searchTree(value: unknown, text: string): TreeSearch | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return null;
  const search: TreeSearch = { found: new Set(), around: new Set(), isCut: false };
  const stack: [unknown, string, string[]][] = [[value, "", []]];
  let visited = 0;
  while (stack.length > 0) {
    const [each, pointer, around] = stack.pop() as [unknown, string, string[]];
    visited += 1;
    if (visited > MOST_VISITED || search.found.size >= MOST_FOUND) {
      search.isCut = true;
      break;
    }
    if (matches(each, around.length > 0 ? pointer : "", wanted)) {
      search.found.add(pointer);
      for (const one of around) search.around.add(one);
    }
    if (!isContainer(each)) continue;
    const inner = [...around, pointer];
    const members = [...membersOf(each)];
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const [key, member] = members[index] as [Key, unknown];
      stack.push([member, `${pointer}/${escapeKey(key)}`, inner]);
    }
  }
  return search;
}

function matches(value: unknown, pointer: string, wanted: string): boolean {
  const key = pointer
    .slice(pointer.lastIndexOf("/") + 1)
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
  if (pointer !== "" && key.toLowerCase().includes(wanted)) return true;
  if (isContainer(value)) return false;
  return String(value).toLowerCase().includes(wanted);
}

/** Returns a value in a few words, for its row. */
export function describeValue(value: unknown, longest = 400): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[ ${count(value.length, "item")} ]`;
  if (isContainer(value)) {
    const size = Object.keys(value).length;
    return size === 0 ? "{}" : `{ ${count(size, "member")} }`;
  }
  const text = JSON.stringify(value) ?? "null";
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length.toLocaleString("en")} characters)`;
}

function count(number: number, word: string): string {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}
