import { expect, test } from "vitest";
import { pointAt, readJson } from "./caret";

test("the caret stands below the character", () => {
  expect(pointAt(".a + ", 5)).toEqual({ line: ".a + ", caret: "     ^" });
  expect(pointAt(".a |\n  foo", 7)).toEqual({ line: "  foo", caret: "  ^" });
  expect(pointAt('"😀" + x', 6)).toEqual({ line: '"😀" + x', caret: "      ^" });
  expect(pointAt("\tx", 1)).toEqual({ line: "\tx", caret: "\t^" });
  expect(pointAt("", 0)).toEqual({ line: "", caret: "^" });
});

test("JSON is read, and said to be none", () => {
  expect(readJson(" ")).toEqual({ value: undefined });
  expect(readJson('{"a": 1}')).toEqual({ value: { a: 1 } });
  expect(readJson("{")).toHaveProperty("error");
});
