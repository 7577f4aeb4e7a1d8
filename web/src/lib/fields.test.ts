import { expect, test } from "vitest";
import { fromField, toField } from "./fields";

test("fields hold local times, and give them back", () => {
  const moment = new Date(2026, 10, 5, 7, 3);
  expect(toField(moment)).toBe("2026-11-05T07:03");
  expect(toField(moment.toISOString())).toBe("2026-11-05T07:03");
  expect(toField(undefined)).toBe("");
  expect(fromField(toField(moment))).toBe(moment.toISOString());
});

test("a day is meant to its end, and what is no moment is none", () => {
  expect(fromField("2026-11-05")).toBe(new Date(2026, 10, 5, 23, 59, 59).toISOString());
  expect(fromField("")).toBeNull();
  expect(fromField("2026-11-05T")).toBeNull();
});
