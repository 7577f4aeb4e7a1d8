import { describe, expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { readCompareSearch } from "./address";
import { findDifference, isSame } from "./difference";
import { compareTasks, differsInTime, listSteps } from "./pairs";

describe("the difference of two values", () => {
  const say = (before: unknown, after: unknown) =>
    findDifference(before, after).changes.map(({ path, kind }) => `${kind} ${path.join(".")}`);

  test("is told member by member", () => {
    expect(say({ a: 1, b: { c: 2, d: 3 }, e: 1 }, { a: 1, b: { c: 4, d: 3 }, f: 1 })).toEqual([
      "changed b.c",
      "removed e",
      "added f",
    ]);
    expect(say({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    expect(say(1, "1")).toEqual(["changed "]);
    expect(say({ a: null }, {})).toEqual(["removed a"]);
    expect(say([1], { 0: 1 })).toEqual(["changed "]);
  });

  test("of lists leaves out what is the same at both ends", () => {
    expect(say([1, 2, 3, 4], [1, 2, 4])).toEqual(["removed 2"]);
    expect(say([1, 4], [1, 2, 3, 4])).toEqual(["added 1", "added 2"]);
    expect(say([{ a: 1 }, { b: 1 }], [{ a: 2 }, { b: 1 }])).toEqual(["changed 0.a"]);
    expect(say([1, 1], [1, 1, 1])).toEqual(["added 2"]);
  });

  test("is not told without end", () => {
    const many = Array.from({ length: 2_000 }, (_, index) => index);
    const { changes, isCut } = findDifference(
      many,
      many.map((each) => each + 1),
    );
    expect([changes.length, isCut]).toEqual([500, true]);
  });

  test("knows nothing of the names that all objects have", () => {
    expect(say({}, { constructor: 1, __proto__x: 2 })).toEqual(["added constructor", "added __proto__x"]);
    expect(isSame({ toString: 1 }, { valueOf: 1 })).toBe(false);
  });
});

let number = 0;
function task(reference: string, more: Partial<RunTask> = {}): RunTask {
  number += 1;
  const name = reference.split("/").at(-1) ?? "";
  const base = { number, seq: number, entry: number, reference, name, kind: "set", status: "completed", seconds: 1 };
  return { ...base, began_at: "2026-11-21T10:00:00Z", ended_at: "2026-11-21T10:00:01Z", ...more } as RunTask;
}

describe("the tasks of two runs", () => {
  const say = (first: RunTask[], second: RunTask[]) =>
    compareTasks(first, second).pairs.map(({ name, difference }) => `${name} ${difference}`);

  test("are paired, and those that only one has stand where it had them", () => {
    const first = [task("/do/0/a"), task("/do/1/b"), task("/do/3/d")];
    const second = [task("/do/0/a"), task("/do/2/c"), task("/do/3/d")];
    expect(say(first, second)).toEqual(
      ["a none", "b only-first", "c only-second", "d none"].toSorted((x, y) => order(x) - order(y)),
    );
    expect(compareTasks(first, second)).toMatchObject({ onlyFirst: 1, onlySecond: 1, outcomes: 0 });
  });

  test("are the same where another version has them at another place", () => {
    expect(say([task("/do/0/a")], [task("/do/0/new"), task("/do/1/a")])).toEqual(["new only-second", "a none"]);
    expect(listSteps("/do/1/work/for/0/do/2/post")).toEqual(["do", "work", "for 0", "do", "post"]);
    expect(listSteps("/do/0/for/for/3/do/0/do")).toEqual(["do", "for", "for 3", "do", "do"]);
    expect(listSteps("/do/1/hear/foreach/0/do/2/post")).toEqual(["do", "hear", "foreach 0", "do", "post"]);
    expect(listSteps("/do/0/x/catch/do/0/y/call/z")).toEqual(["do", "x", "catch", "do", "y", "call", "z"]);
  });

  test("are paired by how often the flow came to them", () => {
    const again = () => task("/do/0/again");
    expect(say([again(), again()], [again()])).toEqual(["again none", "again only-first"]);
  });

  test("differ in their outcome, their error, or the way that a switch went", () => {
    const error = (type: string) => ({ status: "faulted" as const, error: { type } });
    expect(say([task("/do/0/a")], [task("/do/0/a", error("x"))])).toEqual(["a outcome"]);
    expect(say([task("/do/0/a", error("y"))], [task("/do/0/a", error("x"))])).toEqual(["a outcome"]);
    const chosen = (text: string) => task("/do/0/a", { kind: "switch", text });
    expect(say([chosen("`big` was taken")], [chosen("`small` was taken")])).toEqual(["a way"]);
  });

  test("differ in time where it is more than runs differ anyway", () => {
    const [pair] = compareTasks([task("/do/0/a", { seconds: 1 })], [task("/do/0/a", { seconds: 2.5 })]).pairs;
    expect(pair?.longer).toBe(1.5);
    expect(pair && differsInTime(pair)).toBe(true);
    const [close] = compareTasks([task("/do/0/a", { seconds: 10 })], [task("/do/0/a", { seconds: 11 })]).pairs;
    expect(close && differsInTime(close)).toBe(false);
    const [open] = compareTasks([task("/do/0/a", { seconds: undefined })], [task("/do/0/a")]).pairs;
    expect(open?.longer).toBeNull();
  });

  test("say what is around them", () => {
    const [pair] = compareTasks([task("/do/0/loop/for/3/do/1/a~1b")], []).pairs;
    expect(pair?.around).toEqual(["loop", "item 4"]);
  });
});

function order(said: string): number {
  return ["a none", "c only-second", "b only-first", "d none"].indexOf(said);
}

test("the address says which runs are compared", () => {
  expect(readCompareSearch({ a: " x ", b: "", c: 1 })).toEqual({ a: "x" });
});
