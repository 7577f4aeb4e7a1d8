import { expect, test } from "vitest";
import { beginDraft, findFlaw, judgeDraft, setText, setValue } from "./draft";
import { makeField } from "./fields";

const field = makeField({
  type: "object",
  required: ["amount"],
  properties: { amount: { type: "number", exclusiveMinimum: 0 } },
});

test("a draft begins with a form where there is one", () => {
  expect(beginDraft({ amount: 1 }, field).isJson).toBe(false);
  expect(beginDraft({ amount: 1 }, null)).toEqual({ value: { amount: 1 }, text: '{\n  "amount": 1\n}', isJson: true });
});

test("what is typed stays while it is no JSON, and the value that was read before with it", () => {
  const draft = setText({ ...beginDraft({ amount: 1 }, field), isJson: true }, '{"amount": 2');
  expect(draft.text).toBe('{"amount": 2');
  expect(draft.value).toEqual({ amount: 1 });
  expect(findFlaw(draft)?.error).toMatch(/^Line 1/);
  expect(findFlaw(setText(draft, '{"amount": 2}'))).toBeNull();
});

test("form and JSON show one value", () => {
  const draft = setValue(beginDraft({ amount: 1 }, field), { amount: -1 });
  expect(JSON.parse(draft.text)).toEqual({ amount: -1 });
  expect([...judgeDraft(draft, field)]).toEqual([["/amount", "More than 0."]]);
  expect(judgeDraft(draft, null).size).toBe(0);
});
