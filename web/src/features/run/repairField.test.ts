import { expect, test } from "vitest";
import { findRepairField } from "./repairField";

const AMOUNT = { type: "object", required: ["amount"], properties: { amount: { type: "number" } } };
const document = {
  input: { schema: { document: { type: "object", properties: { name: { type: "string" } } } } },
  do: [{ "pay/now": { input: { schema: { document: AMOUNT } }, set: {} } }, { tell: { set: {} } }],
};

test("a task's own schema says what its input must look like", () => {
  const found = findRepairField(document, "/do/0/pay~1now", { name: "Ada" });
  expect(found?.of).toBe("own");
  expect(found?.field.fields.map(({ name }) => name)).toEqual(["amount"]);
});

test("where a task has none, the workflow's helps if what the task had looks like that", () => {
  expect(findRepairField(document, "/do/1/tell", { name: "Ada" })?.of).toBe("workflow");
  expect(findRepairField(document, "/do/1/tell", { name: 7 })).toBeNull();
  expect(findRepairField(document, "/do/1/tell", { other: 7 })).toBeNull();
  expect(findRepairField(document, "/do/1/tell", undefined)).toBeNull();
  expect(findRepairField({ do: [] }, "/do/9/gone", { name: "Ada" })).toBeNull();
});
