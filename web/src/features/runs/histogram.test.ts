import { expect, test } from "vitest";
import type { Bucket } from "@/api/schema";
import { chooseBars, choosePlot, describeBar, isInPeriod } from "./histogram";

const NOW = new Date("2026-03-10T12:30:00Z");
const hours = (plot: { since: Date; until: Date }) => (plot.until.getTime() - plot.since.getTime()) / 3_600_000;
const bucket = (begins_at: string, figures = {}) =>
  ({ begins_at, figures: { completed: 0, faulted: 0, damaged: 0, cancelled: 0, ...figures } }) as Bucket;

test("bars show the last days, or the period with some time around it", () => {
  expect([hours(choosePlot({}, NOW)), choosePlot({}, NOW).bucket]).toEqual([72, "hour"]);
  const day = choosePlot({ started_after: "-24h" }, NOW);
  expect([hours(day), day.until, day.bucket]).toEqual([36, NOW, "hour"]);
  const month = choosePlot({ ended_after: "-30d" }, NOW);
  expect([hours(month), month.bucket]).toEqual([45 * 24, "day"]);
  const hour = { ended_after: "2026-03-01T10:00:00Z", ended_before: "2026-03-01T11:00:00Z" };
  expect(hours(choosePlot(hour, NOW))).toBe(25);
  expect(hours(choosePlot({ started_after: "2020-01-01T00:00:00Z" }, NOW))).toBe(180 * 24);
  expect(choosePlot({ started_before: "2026-04-01T00:00:00Z" }, NOW).until).toEqual(new Date("2026-04-01T00:00:00Z"));
});

test("bars that are chosen are a period in which runs ended", () => {
  const buckets = [bucket("2026-03-10T10:00:00Z"), bucket("2026-03-10T11:00:00Z")];
  const chosen = { ended_after: "2026-03-10T10:00:00.000Z", ended_before: "2026-03-10T12:00:00.000Z" };
  expect(chooseBars(buckets, 3600, 1, 0)).toMatchObject(chosen);
  expect(chooseBars(buckets, 3600, 0, 1)).toMatchObject(chosen);
  expect(chooseBars([], 3600, 0, 0)).toEqual({});
});

test("a bar lies in a period, be it in part", () => {
  const bar = bucket("2026-03-10T10:00:00Z");
  expect(isInPeriod(bar, 3600, {}, NOW)).toBe(true);
  expect(isInPeriod(bar, 3600, { started_after: "2026-03-10T10:59:00Z" }, NOW)).toBe(true);
  expect(isInPeriod(bar, 3600, { started_after: "2026-03-10T11:00:00Z" }, NOW)).toBe(false);
  expect(isInPeriod(bar, 3600, { started_before: "2026-03-10T10:00:00Z" }, NOW)).toBe(false);
});

test("a bar is said in words", () => {
  expect(describeBar(bucket("2026-03-10T10:00:00Z"))).toMatch(/: none ended$/);
  expect(describeBar(bucket("2026-03-10T10:00:00Z", { completed: 3, faulted: 1, damaged: 1 }))).toMatch(
    /: 3 completed, 2 faulted or damaged$/,
  );
});
