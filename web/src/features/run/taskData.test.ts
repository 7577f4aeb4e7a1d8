import { expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { findGiver } from "./taskData";

let number = 0;
function make(reference: string, more: Partial<RunTask> = {}): RunTask {
  number += 1;
  return { number, seq: number, reference, name: "", kind: "set", status: "completed", began_at: "", ...more };
}

test("a task is given what the one before it gave, the first what is around it had", () => {
  const first = make("/do/0/a");
  const second = make("/do/1/b");
  expect(findGiver([first, second], second)).toEqual({ task: first });
  expect(findGiver([first, second], first)).toEqual({ entry: 0 });
});

test("a branch is given what its fork had", () => {
  const fork = make("/do/0/f", { kind: "fork", entry: 3 });
  const left = make("/do/0/f/fork/branches/0/left", { parent: 3 });
  const right = make("/do/0/f/fork/branches/1/right", { parent: 3 });
  expect(findGiver([fork, left, right], right)).toEqual({ entry: 3 });
});

test("where it cannot be told for certain, nothing is told", () => {
  const loop = make("/do/0/l", { kind: "for", entry: 4 });
  const within = make("/do/0/l/for/0/do/0/a", { parent: 4 });
  expect(findGiver([loop, within], within)).toBeNull();
  const [once, again] = [make("/do/1/x"), make("/do/1/x")];
  expect(findGiver([once, again], again)).toBeNull();
  const attempt = make("/do/2/t", { kind: "try", entry: 5 });
  const tried = make("/do/2/t/try/0/a", { parent: 5 });
  const caught = make("/do/2/t/catch/do/0/c", { parent: 5 });
  expect(findGiver([attempt, tried, caught], caught)).toBeNull();
});
