import { expect, test } from "vitest";
import type { Figures, RunView, SubjectFigures } from "@/api/schema";
import { joinHealth, shareOut } from "./health";

const NONE: Figures = {
  started: 0,
  completed: 0,
  faulted: 0,
  cancelled: 0,
  damaged: 0,
  success_rate: null,
  p50_seconds: null,
  p95_seconds: null,
};
const subject = (name: string): SubjectFigures => ({ namespace: "team", name, version: null, figures: NONE });
const run = (name: string, run_id: string) => ({ namespace: "team", name, run_id }) as RunView;

test("the run that faulted last is the first of each workflow", () => {
  const health = joinHealth([subject("a"), subject("b")], [run("a", "3"), run("c", "2"), run("a", "1")]);
  expect(health.get("team/a")?.lastFaulted?.run_id).toBe("3");
  expect(health.get("team/b")?.lastFaulted).toBeUndefined();
  expect(health.has("team/c")).toBe(false);
});

test("a bar has only parts that are there, and they fill it", () => {
  expect(shareOut(NONE)).toEqual([]);
  expect(shareOut({ ...NONE, completed: 6, faulted: 1, damaged: 1 })).toEqual([
    { kind: "completed", count: 6, share: 0.75 },
    { kind: "faulted", count: 2, share: 0.25 },
  ]);
});
