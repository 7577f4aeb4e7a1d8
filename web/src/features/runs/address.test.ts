import { expect, test } from "vitest";
import {
  getPeriod,
  isRestricted,
  makePeriodFilters,
  type RunFilters,
  readDistance,
  readFilters,
  readRunsSearch,
  toQuery,
} from "./address";

const NOW = new Date("2026-03-01T12:00:00.000Z");

test("an address says filters, and what is none of them is left out", () => {
  expect(
    readRunsSearch({
      status: ["faulted", "no-status", "running"],
      namespace: "shop",
      name: "  ",
      version: 2,
      top: "true",
      started_after: "-24h",
      ended_before: "2026-02-01T00:00:00Z",
      updated_after: "some day",
      text: "ORD-12",
      view: "grid",
      bulk: "recent",
      other: 1,
    }),
  ).toEqual({
    status: ["running", "faulted"],
    namespace: "shop",
    version: "2",
    top: true,
    started_after: "-24h",
    ended_before: "2026-02-01T00:00:00Z",
    text: "ORD-12",
    view: "grid",
    bulk: "recent",
  });
  expect(readRunsSearch({ status: "faulted", top: false, view: "other" })).toEqual({ status: ["faulted"] });
});

test("what an address says is said again by the address made of it", () => {
  const filters: RunFilters = { status: ["waiting"], name: "order", parent: "01", top: true, updated_after: "-15m" };
  expect(readFilters({ ...filters })).toEqual(filters);
  expect(readFilters(JSON.parse(JSON.stringify(filters)))).toEqual(filters);
});

test("the API gets moments: distances are counted back from now", () => {
  expect(toQuery({ started_after: "-90m", ended_before: "2026-02-01T01:00:00+01:00", name: undefined }, NOW)).toEqual({
    started_after: "2026-03-01T10:30:00.000Z",
    ended_before: "2026-02-01T00:00:00.000Z",
  });
});

test.each([
  ["-15m", 900_000],
  ["-7d", 604_800_000],
  ["24h", null],
  ["-1y", null],
  ["-999999d", null],
])("%s is a distance of %s", (text, millis) => expect(readDistance(text)).toBe(millis));

test("a period is of one kind of time, and takes the place of every other", () => {
  expect(getPeriod({})).toEqual({ kind: "started", after: undefined, before: undefined });
  expect(getPeriod({ ended_before: "2026-02-01T00:00:00Z" }).kind).toBe("ended");
  const filters = { name: "order", started_after: "-1h", ...makePeriodFilters({ kind: "ended", after: "-7d" }) };
  expect(readFilters(filters)).toEqual({ name: "order", ended_after: "-7d" });
  expect(readFilters({ ...filters, ...makePeriodFilters(null) })).toEqual({ name: "order" });
});

test("filters restrict something or nothing", () => {
  expect(isRestricted({})).toBe(false);
  expect(isRestricted({ status: [], text: " ", top: false })).toBe(false);
  expect(isRestricted({ top: true })).toBe(true);
});
