/** What differs between two JSON values, member by member. */

export type Key = string | number;

export interface Change {
  path: Key[];
  kind: "added" | "removed" | "changed";
  before: unknown;
  after: unknown;
}

export interface Difference {
  changes: Change[];
  /** Whether there are more changes than are told. */
  isCut: boolean;
}

const MOST_CHANGES = 500;

/** Returns the changes that lead from one value to another, at most so many. */
export function findDifference(before: unknown, after: unknown, most = MOST_CHANGES): Difference {
  const changes: Change[] = [];
  compare(before, after, [], changes, most);
  return { changes: changes.slice(0, most), isCut: changes.length > most };
}

function compare(before: unknown, after: unknown, path: Key[], changes: Change[], most: number): void {
  if (changes.length > most || isSame(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, changes, most);
  else if (isObject(before) && isObject(after)) compareObjects(before, after, path, changes, most);
  else changes.push({ path, kind: "changed", before, after });
}

type Json = Record<string, unknown>;

function compareObjects(before: Json, after: Json, path: Key[], changes: Change[], most: number): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = [...path, key];
    if (!Object.hasOwn(after, key)) changes.push({ path: at, kind: "removed", before: before[key], after: undefined });
    else if (!Object.hasOwn(before, key))
      changes.push({ path: at, kind: "added", before: undefined, after: after[key] });
    else compare(before[key], after[key], at, changes, most);
  }
}

/** What is the same at the beginning and at the end of two lists is set aside; between, items are taken in pairs. */
function compareLists(before: unknown[], after: unknown[], path: Key[], changes: Change[], most: number): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSame(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isSame(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const [lastBefore, lastAfter] = [before.length - end, after.length - end];
  for (let index = start; index < Math.max(lastBefore, lastAfter); index += 1) {
    const at = [...path, index];
    if (index >= lastAfter) changes.push({ path: at, kind: "removed", before: before[index], after: undefined });
    else if (index >= lastBefore) changes.push({ path: at, kind: "added", before: undefined, after: after[index] });
    else compare(before[index], after[index], at, changes, most);
  }
}

/** Tells whether two values are the same, whatever the order of the keys. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
