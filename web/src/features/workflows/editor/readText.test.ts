import { describe, expect, test } from "vitest";
import { findByPath, findNodeAt, findTaskAt, offsetOf, readText, splitPointer, toPointer } from "./readText";

const TEXT = `document: {dsl: '1.0.3'}
do:
  # about one
  - one:
      wait: {seconds: 1}

  - each:
      for: {each: x, in: '\${ . }'}
      do:
        - within:
            set: {a: 1}
  - both:
      fork:
        branches:
          - left: {set: {b: 1}}
          - right:
              try:
                - risky: {call: http}
              catch:
                do:
                  - mend: {set: {c: 1}}
  - a/b~c: {set: {}}
`;
const read = readText(TEXT);
const at = (text: string) => TEXT.indexOf(text);

describe("the tasks of a text", () => {
  test("are called as the server calls them", () => {
    expect(read.tasks.map(({ reference }) => reference)).toEqual([
      "/do/0/one",
      "/do/1/each",
      "/do/1/each/do/0/within",
      "/do/2/both",
      "/do/2/both/fork/branches/0/left",
      "/do/2/both/fork/branches/1/right",
      "/do/2/both/fork/branches/1/right/try/0/risky",
      "/do/2/both/fork/branches/1/right/catch/do/0/mend",
      "/do/3/a~1b~0c",
    ]);
  });

  test.each([
    ["seconds", "one"],
    ["in: ", "each"],
    ["within", "within"],
    ["branches", "both"],
    ["{b: 1}", "left"],
    ["catch:", "right"],
    ["c: 1", "mend"],
    ["document", undefined],
  ])("are found from a place: %s lies in %s", (text, name) => {
    expect(findTaskAt(read.tasks, at(text))?.name).toBe(name);
  });

  test("reach from the beginning of their line to their last character", () => {
    const one = read.tasks[0];
    expect(TEXT.slice(one?.from, one?.to)).toBe("  - one:\n      wait: {seconds: 1}");
    expect(findTaskAt(read.tasks, at("\n\n  - each") + 1)).toBeNull();
  });

  test("are found as far as a broken text can be read", () => {
    const broken = readText("do:\n  - one:\n      wait: {seconds: 1\n  - two: {set: {}}\n");
    expect(broken.isBroken).toBe(true);
    expect(broken.value).toBeNull();
    expect(broken.trouble?.line).toBeGreaterThan(2);
    expect(broken.trouble?.message).not.toContain("\n");
    expect(broken.tasks[0]?.name).toBe("one");
  });

  test.each([
    "",
    "a",
    "- 1",
    "do: 3",
    "do: [1, null, {a: null}]",
    "do:\n  - ? [x]\n    : 1\n",
    "&a [*a]",
    "a: *nobody",
  ])("are none in %j, and nothing is thrown", (text) => {
    expect(readText(text).tasks.length).toBeLessThanOrEqual(1);
  });
});

test("what stands at a place is found with its path", () => {
  expect(findNodeAt(read.root, at("seconds"))).toMatchObject({
    path: ["do", 0, "one", "wait", "seconds"],
    isKey: true,
  });
  expect(findNodeAt(read.root, at("http"))).toMatchObject({
    path: ["do", 2, "both", "fork", "branches", 1, "right", "try", 0, "risky", "call"],
    isKey: false,
  });
  expect(findNodeAt(read.root, at("# about"))).toBeNull();
});

test("a path leads to its node", () => {
  const found = findByPath(read.root, ["do", "0", "one", "wait", "seconds"], true);
  expect(found?.range?.[0]).toBe(at("seconds"));
  expect(findByPath(read.root, ["do", 7, "x"])).toBeNull();
});

test("pointers are written and read as RFC 6901 says", () => {
  const path = ["do", 3, "a/b~c"];
  expect(toPointer(path)).toBe("/do/3/a~1b~0c");
  expect(splitPointer(toPointer(path))).toEqual(["do", "3", "a/b~c"]);
  expect(splitPointer("")).toEqual([]);
});

test("columns are characters, not halves of them", () => {
  const text = "a: 1\nb: '😀' # c\n";
  expect(text.slice(offsetOf(text, 2, 8))).toBe("# c\n");
  expect(offsetOf(text, 9, 1)).toBe(text.length);
});
