import { describe, expect, test } from "vitest";
import { findInputSchema, makeBeginning, makeField, setPart } from "./fields";
import { judge } from "./judging";

const SCHEMA = {
  type: "object",
  required: ["who", "address", "when"],
  properties: {
    who: { type: "string", title: "Name", description: "Who is greeted", minLength: 2 },
    tone: { enum: ["kind", "short"], default: "kind" },
    times: { type: "integer", minimum: 1, maximum: 5 },
    share: { type: "number", exclusiveMinimum: 0 },
    polite: { type: "boolean", default: true },
    mails: { type: "array", minItems: 1, items: { type: "string", pattern: "@" } },
    address: { $ref: "#/$defs/address" },
    either: { oneOf: [{ type: "string" }, { type: "object" }] },
    free: { type: "object", additionalProperties: { type: "string" } },
    when: { type: ["string", "null"] },
  },
  $defs: {
    address: { type: "object", required: ["town"], properties: { town: { type: "string" }, zip: { type: "string" } } },
  },
};
const field = makeField(SCHEMA);
const part = (name: string) => field.fields.find((each) => each.name === name);

describe("each part of a schema gets its field", () => {
  test.each([
    ["who", "text"],
    ["tone", "choice"],
    ["times", "integer"],
    ["share", "number"],
    ["polite", "boolean"],
    ["mails", "list"],
    ["address", "object"],
    ["either", "json"],
    ["free", "json"],
    ["when", "json"],
  ])("%s: %s", (name, kind) => {
    expect(part(name)?.kind).toBe(kind);
  });

  test("with what the schema says of it", () => {
    expect(part("who")).toMatchObject({ label: "Name", description: "Who is greeted", isRequired: true });
    expect(part("tone")).toMatchObject({ label: "tone", isRequired: false, choices: ["kind", "short"] });
    expect(part("address")?.fields.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ["town", true],
      ["zip", false],
    ]);
  });

  test("and what no form can show, or never ends, is written as JSON", () => {
    expect(makeField(true).kind).toBe("json");
    expect(makeField(undefined).kind).toBe("json");
    expect(makeField({ $ref: "https://elsewhere.example/schema" }).kind).toBe("json");
    expect(makeField({ $ref: "#" }).kind).toBe("json");
    let deep = makeField({ type: "object", properties: { child: { $ref: "#" } } });
    let depth = 0;
    while (deep.kind === "object" && deep.fields[0]) {
      deep = deep.fields[0];
      depth++;
    }
    expect(deep.kind).toBe("json");
    expect(depth).toBeLessThan(12);
    expect(makeField({ type: "object", properties: { a: {} }, required: ["b"] }).kind).toBe("json");
  });
});

test("a form begins with the defaults", () => {
  expect(makeBeginning(field)).toEqual({ tone: "kind", polite: true, address: {} });
  expect(makeBeginning(makeField({ type: "string" }))).toBeUndefined();
  expect(makeBeginning(makeField({ default: { a: 1 } }))).toEqual({ a: 1 });
});

test("a part is set, kept in its place, and taken away", () => {
  expect(setPart({ a: 1, b: 2 }, "a", 3)).toEqual({ a: 3, b: 2 });
  expect(Object.keys(setPart({ a: 1, b: 2 }, "a", 3))).toEqual(["a", "b"]);
  expect(setPart({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
  expect(setPart(undefined, "a", 1)).toEqual({ a: 1 });
  expect(Object.keys(setPart({}, "__proto__", 1))).toEqual(["__proto__"]);
});

describe("a form is judged before it is sent", () => {
  test.each([
    [{}, { "/who": "This is needed.", "/address": "This is needed.", "/when": "This is needed." }],
    [
      { who: "A", address: {}, when: null },
      { "/who": "At least 2 characters.", "/address/town": "This is needed." },
    ],
    [
      { who: "Ada", address: { town: "x" }, when: 1, times: 9, share: 0, tone: "odd", mails: ["a@b", "c"] },
      {
        "/times": "At most 5.",
        "/share": "More than 0.",
        "/tone": "It is one of kind, short.",
        "/mails/1": "It must match @",
      },
    ],
    [
      { who: "Ada", address: { town: "x" }, when: "", mails: [], times: 1.5 },
      {
        "/mails": "Items needed: at least 1.",
        "/times": "It is a whole number.",
      },
    ],
    ["x", { "": "Here are keys and values needed." }],
  ])("%j", (value, faults) => {
    expect(Object.fromEntries(judge(field, value))).toEqual(faults);
  });

  test("a pattern that cannot be read is left to the server", () => {
    expect(judge(makeField({ type: "string", pattern: "(?<" }), "x").size).toBe(0);
  });
});

test("the schema of the input is found in a workflow", () => {
  expect(findInputSchema({ input: { schema: { document: SCHEMA } } })).toBe(SCHEMA);
  expect(findInputSchema({ input: { schema: { format: "avro", document: {} } } })).toBeUndefined();
  expect(findInputSchema({ input: { schema: { resource: {} } } })).toBeUndefined();
  expect(findInputSchema({})).toBeUndefined();
  expect(findInputSchema(null)).toBeUndefined();
});
