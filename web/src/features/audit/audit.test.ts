import { expect, test } from "vitest";
import type { AuditReport } from "@/api/schema";
import { readAuditSearch } from "./address";
import { makeExport } from "./exporting";
import { describeAction, describeKind, describeReport, listActions, tellProgress } from "./words";

test("filters are read from an address, and what is none is left out", () => {
  expect(
    readAuditSearch({
      actor: " p1 ",
      action: "session.*",
      decision: "denied",
      since: "2026-11-01T00:00:00Z",
      until: "yesterday",
      record: "12",
      other: 1,
    }),
  ).toEqual({
    actor: "p1",
    action: "session.*",
    decision: "denied",
    since: "2026-11-01T00:00:00Z",
    record: 12,
  });
  expect(readAuditSearch({ decision: "maybe", record: -1, namespace: " " })).toEqual({});
});

const REPORT: AuditReport = {
  is_verified: true,
  records: 1200,
  redacted: 0,
  heads: 3,
  covered: 1200,
  keys: ["k"],
  findings: [],
  finding_count: 0,
};

test("a whole log is told in words", () => {
  expect(describeReport(REPORT).join(" ")).toBe(
    "The log is as it was written. It has 1,200 records and 3 signed heads. Signed heads cover all of it.",
  );
  expect(describeReport({ ...REPORT, covered: 1199, redacted: 1 }).slice(2)).toEqual([
    "Signed heads cover it up to record 1199; 1 newer one has to wait for the next head.",
    "1 record was redacted, as other records say.",
  ]);
});

test("a log that was changed is told as such", () => {
  const said = describeReport({ ...REPORT, is_verified: false, finding_count: 2 });
  expect(said[0]).toBe("The log is not as it was written: 2 things are wrong.");
  expect(said).toHaveLength(2);
  expect(describeKind("truncated")).toBe("The end is gone");
});

test("progress is a share of what there was to do", () => {
  expect(tellProgress(50, 200)).toBe(25);
  expect(tellProgress(300, 200)).toBe(100);
  expect(tellProgress(0, 0)).toBeNull();
});

test("actions are told in words, and offered with their families", () => {
  expect(describeAction("session.begin")).toBe("signed in");
  expect(describeAction("new.thing")).toBe("");
  expect(listActions()).toContain("person.*");
  expect(listActions()).toContain("secret.put");
});

test("an export names no filter that the command has not", () => {
  expect(makeExport({})).toBe("kapell audit export > log.jsonl");
  expect(makeExport({ action: "session.*", since: "2026-11-01T00:00:00Z", record: 3 })).toBe(
    "kapell audit export --action 'session.*' --since 2026-11-01T00:00:00Z > log.jsonl",
  );
  expect(makeExport({ target: "it's" })).toBe("kapell audit export --target 'it'\\''s' > log.jsonl");
});
