import { expect, test } from "vitest";
import type { RunFilters } from "./address";
import { describeFilters, describePeriod } from "./sentence";

const LAST = "Those that started last come first.";

test.each<[RunFilters, string]>([
  [{}, `All runs. ${LAST}`],
  [{ top: true }, `Runs that no other run started. ${LAST}`],
  [
    { namespace: "shop", name: "order", version: "1.0.0", status: ["faulted", "damaged", "cancelled"] },
    `Runs of shop/order version 1.0.0 that faulted, are damaged or were cancelled. ${LAST}`,
  ],
  [
    { namespace: "shop", started_after: "-24h", text: "ORD-12" },
    `Runs of the namespace shop that started in the last 24 hours, with ORD-12 in their input, name or error. ${LAST}`,
  ],
  [{ name: "order" }, `Runs of workflows named order. ${LAST}`],
  [{ ended_after: "-1h" }, "Runs that ended in the last hour. Those that ended last come first."],
  [
    { updated_after: "-7d", updated_before: "-1h" },
    "Runs that last changed from 7 days ago to 1 hour ago. Those that changed last come first.",
  ],
  [{ parent: "01abc" }, `Runs, started by the run 01abc. ${LAST}`],
])("%j is said as: %s", (filters, sentence) => expect(describeFilters(filters)).toBe(sentence));

test("a period is said by its ends", () => {
  expect(describePeriod({ after: "-15m" })).toBe("in the last 15 minutes");
  expect(describePeriod({ after: "-90m" })).toBe("in the last 90 minutes");
  expect(describePeriod({ after: "-30d" })).toBe("in the last 30 days");
  expect(describePeriod({})).toBe("at any time");
  expect(describePeriod({ before: "2026-02-01T00:00:00Z" })).toMatch(/^before 2026-0[12]-/);
});
