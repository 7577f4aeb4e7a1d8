import { expect, test } from "vitest";
import { readJson, writeJson } from "./json";

test("JSON is read; nothing is nothing", () => {
  expect(readJson(" ")).toEqual({ value: undefined });
  expect(readJson('{"a": 1}')).toEqual({ value: { a: 1 } });
  expect(readJson("null")).toEqual({ value: null });
});

test("what is no JSON is told with its place", () => {
  expect(readJson('{\n  "a": 1,\n  b\n}')).toMatchObject({
    at: 14,
    error: expect.stringMatching(/^Line 3, column 3: ./),
  });
  expect(readJson('{"a": ')).toMatchObject({ at: 6, error: expect.stringMatching(/^Line 1, column 7: ./) });
});

test("what is written is read again", () => {
  const value = { a: [1, { b: "ü" }], c: null };
  expect(readJson(writeJson(value))).toEqual({ value });
  expect(writeJson(undefined)).toBe("");
});
