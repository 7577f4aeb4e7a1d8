import { expect, test } from "vitest";
import { ApiError } from "@/api/client";
import { describeBreak } from "./breakReport";

const AT = new Date("2026-05-01T12:00:00Z");
const FAILED = { request: "GET /api/v1/runs", status: 500, requestId: "q1", at: new Date("2026-05-01T11:59:59Z") };

test("an error of the page itself names the last request that failed before it", () => {
  const report = describeBreak({
    error: new TypeError("x is undefined"),
    at: AT,
    address: "http://h/runs",
    failed: FAILED,
  });
  expect(report).toContain("Page: http://h/runs\nTime: 2026-05-01T12:00:00.000Z\nError: TypeError: x is undefined\n");
  expect(report).toContain("GET /api/v1/runs, answered with 500, 2026-05-01T11:59:59.000Z, request q1");
});

test("an error of the server names its own request", () => {
  const error = new ApiError({
    type: "about:blank",
    title: "No",
    detail: "No",
    status: 503,
    code: "busy",
    request_id: "q2",
  });
  expect(describeBreak({ error, at: AT, address: "http://h/", failed: null })).toContain("Code: busy\nRequest: q2");
});

test("what is no error is told, too", () => {
  const failed = { ...FAILED, status: 0, requestId: "" };
  const report = describeBreak({ error: "odd", at: AT, address: "http://h/", failed });
  expect(report).toContain("Error: odd");
  expect(report).toContain("not answered");
});
