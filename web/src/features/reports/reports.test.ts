import { expect, test } from "vitest";
import type { TaskFigures } from "@/api/schema";
import { readDeliverySearch, readReportSearch } from "./address";
import { compare, describeLength, describeRate, tellFailureRate } from "./comparing";
import { toCsv } from "./csv";
import { describeFrequency, findMoment, makeDeliveryFigures, spread } from "./delivery";
import { countDays, describePeriod, makePeriod, periodBefore } from "./periods";
import { addWaits, describeWait, sumWaits } from "./waits";

const NOW = new Date("2026-11-21T20:13:00Z");

test("periods are whole hours or days, up to the one that is", () => {
  expect(makePeriod({ period: "day" }, NOW)).toEqual({
    since: "2026-11-20T21:00:00.000Z",
    until: "2026-11-21T21:00:00.000Z",
    bucket: "hour",
  });
  const week = makePeriod({}, NOW);
  expect(week).toEqual({ since: "2026-11-15T00:00:00.000Z", until: "2026-11-22T00:00:00.000Z", bucket: "day" });
  expect(countDays(week)).toBe(7);
  expect(periodBefore(week).since).toBe("2026-11-08T00:00:00.000Z");
  expect(periodBefore(week).until).toBe(week.since);
  expect(describePeriod(week)).toBe("2026-11-15 to 2026-11-21 (UTC)");
});

test("a period of one's own has both its days, at least one and not too many", () => {
  const own = makePeriod({ period: "own", from: "2026-11-01", to: "2026-11-10" }, NOW);
  expect(describePeriod(own)).toBe("2026-11-01 to 2026-11-10 (UTC)");
  expect(countDays(own)).toBe(10);
  const day = makePeriod({ period: "own", from: "2026-11-10", to: "2026-11-10" }, NOW);
  expect(day.bucket).toBe("hour");
  expect(countDays(makePeriod({ period: "own", from: "2026-11-12", to: "2026-11-10" }, NOW))).toBe(1);
  expect(countDays(makePeriod({ period: "own", from: "1999-01-01" }, NOW))).toBe(750);
});

test("filters are read from an address, and what makes no sense is left out", () => {
  expect(readReportSearch({ period: "month", namespace: "ops", name: "deliver", version: "1.0.0" })).toEqual({
    period: "month",
    namespace: "ops",
    name: "deliver",
    version: "1.0.0",
  });
  expect(readReportSearch({ period: "century", name: "deliver", version: "1.0.0", from: "2026-01-01" })).toEqual({});
  expect(readReportSearch({ period: "own", from: "2026-13-77", to: "2026-01-02" })).toEqual({
    period: "own",
    to: "2026-01-02",
  });
  expect(readDeliverySearch({ namespace: "ops", name: "deliver", version: "1", change: "a.b" })).toEqual({
    namespace: "ops",
    name: "deliver",
    change: "a.b",
  });
});

test("a figure is told against the one before, and whether that is good", () => {
  expect(compare(120, 100, "more")).toEqual({ text: "20 % more", verdict: "better", direction: "up" });
  expect(compare(120, 100, "less")?.verdict).toBe("worse");
  expect(compare(50, 100, "none")).toEqual({ text: "50 % less", verdict: "none", direction: "down" });
  expect(compare(100.1, 100, "more")?.verdict).toBe("same");
  expect(compare(0, 0, "more")?.text).toBe("as before");
  expect(compare(5, 0, "more")?.text).toBe("none before");
  expect(compare(2000, 100, "none")?.text).toBe("19 times more");
  expect(compare(null, 1, "more")).toBeNull();
  expect(compare(0.95, 0.9, "more", true)?.text).toBe("5.0 points more");
});

test("rates and lengths have a dash where there is nothing to tell", () => {
  expect([describeRate(1), describeRate(0.975), describeRate(null)]).toEqual(["100 %", "97.5 %", "–"]);
  expect([describeLength(61), describeLength(null)]).toEqual(["1 min 1 s", "–"]);
  const none = { started: 3, completed: 0, faulted: 0, cancelled: 1, damaged: 0 };
  const figures = { ...none, success_rate: null, p50_seconds: null, p95_seconds: null };
  expect(tellFailureRate(figures)).toBeNull();
  expect(tellFailureRate({ ...figures, completed: 3, faulted: 1 })).toBe(0.25);
});

test("CSV quotes what must be quoted, and lets no cell be a formula", () => {
  const csv = toCsv(
    ["name", "value"],
    [
      ['say "hi", you', 1.5],
      ["=1+1", -2],
      ["+x", null],
      ["-x", undefined],
      ["@x", Number.NaN],
      [" =x", 0],
      ["a\nb", 1],
      ["plain", 1],
    ],
  );
  expect(csv).toBe(
    "\ufeff" +
      [
        "name,value",
        '"say ""hi"", you",1.5',
        "'=1+1,-2",
        "'+x,",
        "'-x,",
        "'@x,",
        "' =x,0",
        '"a\nb",1',
        "plain,1",
        "",
      ].join("\r\n"),
  );
});

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 1, 0, minutes)).toISOString();
const run = (run_id: string, status: string, began: number, ended: number | null) => ({
  run_id,
  status: status as "completed",
  created_at: at(began),
  ended_at: ended === null ? null : at(ended),
});

test("delivery is told from runs: how often, how long, how often in vain, how soon made good", () => {
  const runs = [
    run("d", "completed", 50, 60),
    run("a", "completed", 0, 10),
    run("b", "faulted", 10, 20),
    run("c", "faulted", 20, 30),
    run("x", "cancelled", 30, 31),
    run("y", "running", 30, null),
    run("e", "completed", 60, 62),
    run("f", "faulted", 70, 80),
  ];
  const figures = makeDeliveryFigures(runs, 2);
  expect(figures.deployments).toBe(3);
  expect(figures.failures).toBe(3);
  expect(figures.failureRate).toBe(0.5);
  expect(figures.perDay).toBe(1.5);
  expect(figures.leadSeconds).toEqual({ count: 3, p50: 600, p95: 600 });
  expect(figures.restores).toEqual([{ failedRunId: "b", failedAt: at(20), restoredRunId: "d", seconds: 2400 }]);
  expect(figures.restoreSeconds.p50).toBe(2400);
  expect(figures.openSince).toBe(at(80));
});

test("the lead time begins with the change, where the input says when that was", () => {
  const runs = [run("a", "completed", 30, 40), run("b", "completed", 40, 50), run("c", "completed", 50, 60)];
  const changedAt = new Map([
    ["a", Date.parse(at(0))],
    ["c", Date.parse(at(61))],
  ]);
  expect(makeDeliveryFigures(runs, 1, changedAt).leadSeconds).toEqual({ count: 1, p50: 2400, p95: 2400 });
});

test("where nothing was delivered, nothing is told", () => {
  const figures = makeDeliveryFigures([], 7);
  expect(figures.failureRate).toBeNull();
  expect(figures.leadSeconds).toEqual({ count: 0, p50: null, p95: null });
  expect(figures.openSince).toBeNull();
  expect([0, 3, 0.5, 0.1, 25.4].map(describeFrequency)).toEqual([
    "none",
    "3 a day",
    "3.5 a week",
    "3 a month",
    "25 a day",
  ]);
});

test("medians are values that were there", () => {
  expect(spread([3, 1, 2])).toEqual({ count: 3, p50: 2, p95: 3 });
  expect(spread([5])).toEqual({ count: 1, p50: 5, p95: 5 });
});

test("a moment is found in an input, and nothing else is taken for one", () => {
  const input = { commit: { timestamp: "2026-11-21T10:00:00Z", at: 1_700_000_000, id: "x" }, list: [] };
  expect(findMoment(input, "commit.timestamp")).toBe(Date.parse("2026-11-21T10:00:00Z"));
  expect(findMoment(input, "$.commit.timestamp")).toBe(Date.parse("2026-11-21T10:00:00Z"));
  expect(findMoment(input, ".commit.at")).toBe(1_700_000_000_000);
  for (const place of ["commit.id", "commit", "nothing.there", "constructor.name", ""]) {
    expect(findMoment(input, place)).toBeUndefined();
  }
});

test("waits are added up by what for, the longest first", () => {
  const task = (name: string, waited_seconds: Record<string, number>) =>
    ({ place: `/do/${name}`, name, waited_seconds }) as unknown as TaskFigures;
  const waits = addWaits([
    task("a", { waiting_for_slot: 1, waiting_for_retry: 5 }),
    task("b", { waiting_for_slot: 9, waiting_for_time: 0 }),
  ]);
  expect(waits.map((each) => [each.code, each.seconds])).toEqual([
    ["waiting_for_slot", 10],
    ["waiting_for_retry", 5],
  ]);
  expect(waits[0]?.tasks[0]?.name).toBe("b");
  expect(sumWaits(task("a", { x: 1, y: 2 }))).toBe(3);
  expect(describeWait("waiting_for_retry")).toBe("before a retry");
  expect(describeWait("waiting_for_lock_of_door")).toBe("for lock of door");
});
