import { expect, test } from "vitest";
import { outlineAt } from "./outline";
import { findTaskAt, readText } from "./readText";

function makeLarge(): string {
  let text = "document: {dsl: '1.0.3'}\nuse:\n  functions:\n    ship: {call: http}\ndo:\n";
  for (let index = 0; index < 800; index++) {
    text += `  - task${index}:\n      # what it does\n      do:\n        - within:\n            set:\n              a: 1\n`;
  }
  return text;
}

test("a small text is read as a whole", () => {
  expect(outlineAt("a: 1\n", 3)).toEqual({ text: "a: 1\n", offset: 3, shift: 0 });
});

test("of a large text, what leads to the place and its siblings stay, under the same paths", () => {
  const text = makeLarge();
  const offset = text.indexOf("a: 1", text.indexOf("task500:"));
  const outline = outlineAt(text, offset);
  expect(outline.text.length).toBeLessThan(text.length / 3);
  expect(outline.text.slice(outline.offset, outline.offset + 4)).toBe("a: 1");
  expect(text.slice(outline.offset + outline.shift)).toBe(text.slice(offset));
  const read = readText(outline.text);
  expect(read.isBroken).toBe(false);
  expect(findTaskAt(read.tasks, outline.offset)?.reference).toBe("/do/500/task500/do/0/within");
  expect(outline.text).toContain("task799:");
  expect(outline.text).toContain("ship: {call: http}");
});

test("on an empty line, the cursor's column is its depth", () => {
  const text = `${makeLarge()}  - last:\n      wait: {seconds: 1}\n      \n  - after: {set: {}}\n`;
  const offset = text.indexOf("\n  - after");
  const { text: outline } = outlineAt(text, offset);
  expect(outline).toContain("wait: {seconds: 1}");
  expect(outline).toContain("- after:");
  expect(outline).not.toContain("within");
});
