import { expect, test } from "vitest";
import { locate } from "./locating";

const TEXT = '{\n  "name": "Ada",\n  "items": [{"count": -1}, {"a/b": true}]\n}';
const at = (pointer: string) => {
  const { from, to } = locate(TEXT, pointer);
  return TEXT.slice(from, to);
};

test("a part is found by its pointer", () => {
  expect(at("/name")).toBe('"Ada"');
  expect(at("/items/0/count")).toBe("-1");
  expect(at("/items/1/a~1b")).toBe("true");
  expect(at("")).toBe(TEXT);
});

test("what is missing is told where it is missing", () => {
  expect(at("/items/1/count")).toBe('{"a/b": true}');
  expect(at("/amount")).toBe(TEXT);
});
