import { expect, test } from "vitest";
import type { Me } from "@/api/schema";
import { may } from "./permissions";

const ME = {
  grants: [
    { permission: "run.read", namespaces: null },
    { permission: "run.control", namespaces: ["team"] },
  ],
} as Me;

test("a permission is held everywhere, in some namespaces, or not at all", () => {
  expect(may(ME, "run.read", "other")).toBe(true);
  expect(may(ME, "run.control", "team")).toBe(true);
  expect(may(ME, "run.control", "other")).toBe(false);
  expect(may(ME, "run.control")).toBe(true);
  expect(may(ME, "run.repair", "team")).toBe(false);
  expect(may(null, "run.read")).toBe(false);
});
