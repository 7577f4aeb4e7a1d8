import { expect, test } from "vitest";
import type { BulkView, RunView } from "@/api/schema";
import { countReasons, describeProgress, doEach, foresee } from "./bulk";

const run = (status: string, namespace = "shop") => ({ status, namespace }) as RunView;

test("it is foreseen which runs refuse a command: by their status, and by what one may do", () => {
  const may = (permission: string, namespace: string) => permission === "run.control" || namespace === "shop";
  expect(foresee("cancel", [run("running"), run("suspended", "ops")], may)).toEqual([]);
  expect(foresee("retry", [run("faulted"), run("faulted", "ops"), run("waiting"), run("waiting")], may)).toEqual([
    { reason: "A run that is waiting cannot be given this command.", count: 2 },
    { reason: "You may not do this in the namespace ops.", count: 1 },
  ]);
  expect(countReasons([])).toEqual([]);
});

test("how far an operation is", () => {
  const operation = { state: "running", matched: 1200, done: 12, refused: 0, left: 1188 } as BulkView;
  expect(describeProgress(operation)).toBe("12 of 1,200 runs obeyed, 1,188 to go.");
  expect(describeProgress({ ...operation, state: "cancelled", refused: 3, left: 1185 })).toBe(
    "12 of 1,200 runs obeyed, 3 refused, 1,185 left alone.",
  );
});

test("a few are done at a time, in order, until it is told to stop", async () => {
  const done: number[] = [];
  const controller = new AbortController();
  let open = 0;
  let most = 0;
  const work = async (thing: number) => {
    most = Math.max(most, ++open);
    await Promise.resolve();
    done.push(thing);
    open--;
    if (thing === 6) controller.abort();
  };
  await doEach([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3, work, controller.signal);
  expect(most).toBe(3);
  expect(done.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(done.length).toBeLessThan(10);
});
