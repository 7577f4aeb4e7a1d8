import { expect, test } from "vitest";
import { describeLength, describeRate } from "./figures";

test.each([
  [null, "–"],
  [1, "100 %"],
  [0, "0 %"],
  [0.99999, "> 99.9 %"],
  [0.9968, "99.7 %"],
  [0.943, "94 %"],
  [0.043, "4.3 %"],
  [0.0001, "< 0.1 %"],
])("the rate %d is told as %s", (rate, text) => {
  expect(describeRate(rate)).toBe(text);
});

test("a length that is not known is a dash", () => {
  expect(describeLength(null)).toBe("–");
  expect(describeLength(3.21)).toBe("3.2 s");
});
