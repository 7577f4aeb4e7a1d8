import { expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { findFocus, findPicked, followSelection } from "./selecting";

const TASKS = [
  { number: 1, entry: 1, reference: "/do/0/loop", status: "completed", kind: "for" },
  ...[0, 1].map((iteration) => ({
    ...{
      number: 2 + iteration,
      entry: 2 + iteration,
      parent: 1,
      iteration,
      status: iteration ? "faulted" : "completed",
    },
    ...{ reference: `/do/0/loop/for/${iteration}/do/0/call`, place: "/do/0/loop/do/0/call", kind: "activity" },
  })),
] as RunTask[];

test("the selection is found in the document, with the iterations that it lies in", () => {
  const picked = findPicked(TASKS, { reference: "/do/0/loop/for/1/do/0/call", entry: 3 });
  expect(picked).toEqual({ place: "/do/0/loop/do/0/call", iterations: new Map([["/do/0/loop", 1]]) });
  expect(findPicked(TASKS, { reference: "/do/1/never" })?.place).toBe("/do/1/never");
  expect(findPicked(TASKS, null)).toBeNull();
});

test("another iteration than the one that is shown is shown when it is selected", () => {
  const picked = findPicked(TASKS, { reference: "/do/0/loop/for/1/do/0/call", entry: 3 });
  const none = new Map();
  expect(followSelection(none, picked)).toBe(none);
  expect(followSelection(new Map([["/do/0/loop", 0]]), picked)).toEqual(new Map([["/do/0/loop", 1]]));
});

test("what went wrong is looked at first, then what is going on", () => {
  expect(findFocus(TASKS)).toBe("/do/0/loop/do/0/call");
  expect(findFocus(TASKS.slice(0, 2))).toBeNull();
});
