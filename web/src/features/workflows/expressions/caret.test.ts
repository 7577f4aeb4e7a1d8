import { expect, test } from "vitest";
import { pointAt } from "./caret";

test("the caret stands below the character", () => {
  expect(pointAt(".a + ", 5)).toEqual({ line: ".a + ", caret: "     ^" });
  expect(pointAt(".a |\n  foo", 7)).toEqual({ line: "  foo", caret: "  ^" });
  expect(pointAt('"😀" + x', 6)).toEqual({ line: '"😀" + x', caret: "      ^" });
  expect(pointAt("\tx", 1)).toEqual({ line: "\tx", caret: "\t^" });
  expect(pointAt("", 0)).toEqual({ line: "", caret: "^" });
});
