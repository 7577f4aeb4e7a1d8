import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { readText } from "../editor/readText";
import { judgeName, TEMPLATES, writeTemplate } from "./templates";

describe.each(TEMPLATES)("the template $key", (template) => {
  test("is a workflow under its name", () => {
    const read = readText(writeTemplate(template, "team", "first"));
    expect(read.trouble).toBeNull();
    expect(read.value).toMatchObject({ document: { namespace: "team", name: "first", version: "0.1.0" } });
    expect(read.tasks.length).toBeGreaterThan(0);
  });
});

test("names that YAML would read as something else stay texts", () => {
  const [template] = TEMPLATES;
  const text = template ? writeTemplate(template, "2024", "on") : "";
  expect(parseDocument(text).toJS()).toMatchObject({ document: { namespace: "2024", name: "on" } });
});

test.each([
  ["order-pizza", true],
  ["-a", false],
  ["a_b", false],
  ["a".repeat(64), false],
  ["", true],
])("%s as a name", (name, isGood) => {
  expect(judgeName(name) === "").toBe(isGood);
});
