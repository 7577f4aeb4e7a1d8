import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explainAt, suggestAt } from "./completing";
import type { Schema } from "./schemaWalk";

const SCHEMA = JSON.parse(
  readFileSync(new URL("../../../api/workflow.schema.json", import.meta.url), "utf-8"),
) as Schema;

/** Suggests at the bar in a text. */
function suggest(text: string): string[] {
  const offset = text.indexOf("|");
  const found = suggestAt(text.replace("|", ""), offset, SCHEMA);
  return found?.items.map(({ label }) => label) ?? [];
}

const HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '1.0.0'}\n";

describe("keys are suggested", () => {
  test("at the top, without those that stand there already", () => {
    expect(suggest(`${HEAD}do: []\n|`)).toEqual(["input", "use", "timeout", "output", "schedule"]);
    expect(suggest("|")).toContain("document");
    expect(suggest("do|")).toContain("document");
  });

  test("in a block, while one is being written", () => {
    expect(suggest("document:\n  dsl: '1.0.3'\n  na|\n")).toEqual(
      expect.arrayContaining(["namespace", "name", "version", "title"]),
    );
    expect(suggest("document:\n  dsl: '1.0.3'\n  na|\n")).not.toContain("dsl");
    expect(suggest("document:\n  dsl: '1.0.3'\n  |\ndo: []\n")).toContain("name");
  });

  test("in a task of which nothing is written yet: those of all kinds", () => {
    const found = suggest(`${HEAD}do:\n  - one:\n      |\n`);
    expect(found).toEqual(expect.arrayContaining(["call", "do", "wait", "switch", "if", "then"]));
  });

  test("in a task whose kind is known: those of that kind", () => {
    const found = suggest(`${HEAD}do:\n  - one:\n      for: {in: '\${ . }'}\n      |\n`);
    expect(found).toEqual(expect.arrayContaining(["while", "do", "then"]));
    expect(found).not.toContain("call");
    expect(found).not.toContain("for");
  });

  test("of the arguments of a call, by what is called", () => {
    const found = suggest(`${HEAD}do:\n  - one:\n      call: http\n      with:\n        method: get\n        |\n`);
    expect(found).toContain("endpoint");
    expect(found).not.toContain("method");
    expect(found).not.toContain("operationId");
  });

  test("in braces, and in parts of a task", () => {
    expect(suggest(`${HEAD}do:\n  - one:\n      wait: {se|}\n`)).toContain("seconds");
    expect(suggest(`${HEAD}do:\n  - one:\n      try: []\n      catch:\n        retry:\n          |\n`)).toContain(
      "backoff",
    );
  });

  test("while a later part of the text is broken", () => {
    expect(suggest(`${HEAD}do:\n  - one:\n      wa|\n  - two:\n      set: {a: [\n`)).toContain("wait");
  });

  test("with what follows them", () => {
    const text = `${HEAD}do:\n  - one:\n      wa`;
    const found = suggestAt(text, text.length, SCHEMA)?.items ?? [];
    const insert = (label: string) => found.find((each) => each.label === label)?.insert;
    expect(insert("fork")).toBe("fork:\n        ");
    expect(insert("do")).toBe("do:\n        - ");
    expect(insert("if")).toBe("if: ");
    expect(suggestAt(text, text.length, SCHEMA)).toMatchObject({ from: text.length - 2, to: text.length });
  });
});

describe("values are suggested", () => {
  test("where there are few", () => {
    expect(suggest(`${HEAD}do:\n  - one:\n      call: |\n`)).toEqual(
      expect.arrayContaining(["http", "openapi", "grpc"]),
    );
    expect(suggest(`${HEAD}do:\n  - one:\n      run: {script: {language: |}}\n`)).toEqual(
      expect.arrayContaining(["python", "js"]),
    );
  });

  test("of tasks that `then` may lead to", () => {
    const text = `${HEAD}do:\n  - one:\n      set: {}\n      then: |\n  - two: {set: {}}\n`;
    expect(suggest(text)).toEqual(["continue", "exit", "end", "two"]);
    expect(
      suggest(`${HEAD}do:\n  - way:\n      switch:\n        - a:\n            then: |\n  - on: {set: {}}\n`),
    ).toContain("'on'");
  });

  test("of what `use` defines", () => {
    const text = `${HEAD}use:\n  functions:\n    ship: {call: http}\ndo:\n  - one:\n      call: |\n`;
    expect(suggest(text)).toContain("ship");
  });
});

test.each([
  "# comm|ent\n",
  `${HEAD}do:\n  - one:\n      run:\n        script:\n          language: python\n          code: |-\n            x|\n`.replace(
    "|-",
    ">-",
  ),
  `${HEAD}do:\n  - one:\n      set:\n        any: |\n`,
])("nothing is suggested where nothing is known", (text) => {
  expect(suggest(text)).toEqual([]);
});

test("what stands in a place is explained", () => {
  const text = `${HEAD}do:\n  - one:\n      call: http\n      with: {method: get, endpoint: 'https://x.example'}\n`;
  expect(explainAt(text, text.indexOf("method"), SCHEMA)?.title).toBe("method");
  expect(explainAt(text, text.indexOf("endpoint") + 3, SCHEMA)?.description).not.toBe("");
  expect(explainAt(text, text.indexOf("dsl"), SCHEMA)?.description).toBe("The version of the language.");
  expect(explainAt(text, 0, SCHEMA)?.title).toBe("document");
  expect(explainAt("# nothing\n", 3, SCHEMA)).toBeNull();
});
