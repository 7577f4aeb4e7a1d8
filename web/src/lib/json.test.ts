import { expect, test } from "vitest";
import { readJson, writeJson } from "./json";

test("JSON is read; nothing is nothing", () => {
  expect(readJson(" ")).toEqual({ value: undefined });
  expect(readJson('{"a": 1}')).toEqual({ value: { a: 1 } });
  expect(readJson("null")).toEqual({ value: null });
});

test.each([
  ['{\n  "a": 1,\n  b\n}', 14, "Line 3, column 3: a key in double quotes is needed here."],
  ['{"a": ', 6, "Line 1, column 7: a value is needed here."],
  ['{"a": }', 6, "Line 1, column 7: a value is needed here."],
  ['{"a" 1}', 5, "Line 1, column 6: a colon is needed here."],
  ['{"a": 1 "b": 2}', 8, "Line 1, column 9: a comma or } is needed here."],
  ["[1, 2,]", 6, "Line 1, column 7: a value is needed here."],
  ["[1 2]", 3, "Line 1, column 4: a comma or ] is needed here."],
  ["1 2", 2, "Line 1, column 3: nothing may follow the value."],
  ['"ab', 0, "Line 1, column 1: this text has no end, or a character that must be escaped."],
  ['{"a": tru}', 6, "Line 1, column 7: a value is needed here."],
])("%j is no JSON, and said where", (text, at, error) => {
  expect(readJson(text)).toEqual({ at, error });
});

test("what is much too deep is told as such", () => {
  expect(readJson("[".repeat(2_000))).toHaveProperty("error");
});

test("what is written is read again", () => {
  const value = { a: [1, { b: "ü" }], c: null };
  expect(readJson(writeJson(value))).toEqual({ value });
  expect(writeJson(undefined)).toBe("");
});
