import { expect, test } from "vitest";
import { readHomeSearch } from "./address";
import { describeOverdue, sumUpEngine } from "./sentences";

const inSeconds = (seconds: number) => `${seconds} s`;

test("a run is late against its own past", () => {
  expect(describeOverdue({ taken_seconds: 84, expected_seconds: 20, completed_runs: 1200 }, inSeconds)).toBe(
    "takes 4.2 times as long as nearly all of 1,200 runs before, which took 20 s at most",
  );
  expect(describeOverdue({ taken_seconds: 20_000, expected_seconds: 2, completed_runs: 1 }, inSeconds)).toBe(
    "takes 10,000 times as long as the one run before, which took 2 s",
  );
});

test("the engine is as well as its gravest point", () => {
  expect(sumUpEngine([{ status: "ok" }, { status: "skipped" }])).toBe("The engine is well.");
  expect(sumUpEngine([{ status: "ok" }, { status: "warning" }])).toBe("The engine works, and needs a look.");
  expect(sumUpEngine([{ status: "warning" }, { status: "problem" }])).toBe("The engine has a problem.");
});

test("the address of home says the period, but for the usual one", () => {
  expect(readHomeSearch({ period: "7d" })).toEqual({ period: "7d" });
  expect(readHomeSearch({ period: "24h" })).toEqual({});
  expect(readHomeSearch({ period: "1y" })).toEqual({});
});
