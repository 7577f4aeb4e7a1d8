import { expect, test } from "vitest";
import type { Problem } from "@/api/schema";
import { placeProblems } from "./problems";

function place(text: string, problem: Partial<Problem>) {
  const [mark] = placeProblems(text, [{ severity: "error", code: "x", message: "", ...problem }]);
  if (!mark) throw new Error("no mark");
  const [fix] = mark.fixes;
  return {
    marked: text.slice(mark.from, mark.to),
    fixed: fix ? text.slice(0, fix.from) + fix.insert + text.slice(fix.to) : null,
  };
}

test("a misspelt key is marked, and replaced", () => {
  expect(
    place("do:\n  - one:\n      wiat: {seconds: 1}\n", {
      line: 3,
      column: 7,
      pointer: "/do/0/one/wiat",
      hint: "Did you mean `wait`?",
    }),
  ).toEqual({ marked: "wiat", fixed: "do:\n  - one:\n      wait: {seconds: 1}\n" });
});

test("a misspelt value keeps its quotes", () => {
  expect(place("a: 'htpp'\n", { line: 1, column: 4, pointer: "/a", hint: "Did you mean `http`?" })).toEqual({
    marked: "'htpp'",
    fixed: "a: 'http'\n",
  });
});

test("a word within an expression is replaced alone", () => {
  expect(
    place("a: '${ .a + $secrt }'\n", { line: 1, column: 13, pointer: "/a", hint: "Did you mean `$secrets`?" }),
  ).toEqual({ marked: "$secrt", fixed: "a: '${ .a + $secrets }'\n" });
});

test("what is no text is put in quotes", () => {
  expect(place("v: 1.0\n", { line: 1, column: 4, pointer: "/v", hint: "Put it in quotes: '1.0'." }).fixed).toBe(
    "v: '1.0'\n",
  );
  expect(place("v: x\n", { line: 1, column: 4, pointer: "/v", hint: "Write it as ${ x }." }).fixed).toBe("v: ${ x }\n");
  expect(place("v: x\n", { line: 1, column: 4, pointer: "/v", hint: "Write it as ${ ... }." }).fixed).toBeNull();
});

test("a key that is missing is added, in a block and in braces", () => {
  const lacks = { code: "missing_key", message: "`a` lacks `version`: what it is" };
  expect(place("a:\n  b: 1\n", { ...lacks, line: 1, column: 1, pointer: "/a" }).fixed).toBe(
    "a:\n  version: \n  b: 1\n",
  );
  expect(place("a: {b: 1}\n", { ...lacks, line: 1, column: 1, pointer: "/a" }).fixed).toBe("a: {version: , b: 1}\n");
  expect(place("b: 1\n", { ...lacks, line: 1, column: 1, pointer: "" }).fixed).toBe("version: \nb: 1\n");
});

test("a task in the wrong list item gets its own", () => {
  expect(
    place("do:\n  - one: {}\n    two: {}\n", {
      code: "several_names",
      line: 3,
      column: 5,
      pointer: "/do/0/two",
      hint: "Put `- ` before `two`.",
    }).fixed,
  ).toBe("do:\n  - one: {}\n  - two: {}\n");
});

test("a place that is not there marks what is nearest, and nothing is thrown", () => {
  expect(place("a", { line: 7, column: 3, pointer: "/x" })).toEqual({ marked: "", fixed: null });
  expect(place("", { line: 0, column: 0 })).toEqual({ marked: "", fixed: null });
  expect(place("a: [1\nb: 2\n", { line: 2, column: 2 }).marked).toBe(":");
});
