import { expect, test } from "vitest";
import { describeDistance, describeMoment, describeSeconds, secondsBetween } from "./time";

const NOW = new Date("2026-03-29T12:00:00Z");

test.each([
  [-2, "now"],
  [-42, "42 sec. ago"],
  [-119, "1 min. ago"],
  [-3_600 * 5, "5 hr. ago"],
  [-86_400, "yesterday"],
  [-86_400 * 40, "last mo."],
  [90, "in 1 min."],
])("%d seconds from now are told as %s", (seconds, text) => {
  expect(describeDistance(new Date(NOW.getTime() + seconds * 1000), NOW)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [0.0004, "0 ms"],
  [0.74, "740 ms"],
  [0.9996, "1.0 s"],
  [3.21, "3.2 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [260, "4 min 20 s"],
  [3_599.7, "1 h"],
  [7_260, "2 h 1 min"],
  [86_399, "1 d"],
  [183_600, "2 d 3 h"],
  [-5, "-5.0 s"],
])("%d seconds are told as %s", (seconds, text) => {
  expect(describeSeconds(seconds)).toBe(text);
});

test("a moment is told with its zone, on both sides of a change of the clock", () => {
  const before = new Date("2026-03-29T00:59:59.120Z");
  const after = new Date("2026-03-29T01:00:00Z");
  expect(describeMoment(before, { zone: "Europe/Berlin", millis: true })).toBe("2026-03-29 01:59:59.120 GMT+1");
  expect(describeMoment(after, { zone: "Europe/Berlin" })).toBe("2026-03-29 03:00:00 GMT+2");
  expect(describeMoment(after, { zone: "UTC" })).toBe("2026-03-29 01:00:00 UTC");
});

test("what has not ended is measured to now", () => {
  expect(secondsBetween("2026-03-29T11:59:00Z", null, NOW)).toBe(60);
  expect(secondsBetween("2026-03-29T11:59:00Z", "2026-03-29T11:59:30Z", NOW)).toBe(30);
});
