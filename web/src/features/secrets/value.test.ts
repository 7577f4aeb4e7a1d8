import { expect, test } from "vitest";
import { readSecretsSearch } from "./address";
import { checkFields, toObject } from "./value";

test("fields become an object, their names without blanks around them", () => {
  const fields = [
    { id: 1, name: " token ", value: " a b " },
    { id: 2, name: "__proto__", value: "x" },
  ];
  expect(checkFields(fields)).toBeNull();
  expect(JSON.stringify(toObject(fields))).toBe('{"token":" a b ","__proto__":"x"}');
});

test("fields without a name, or with the same, are refused before they are sent", () => {
  expect(checkFields([])).toContain("at least one");
  expect(checkFields([{ id: 1, name: " ", value: "x" }])).toContain("name");
  expect(
    checkFields([
      { id: 1, name: "a", value: "x" },
      { id: 2, name: "a ", value: "y" },
    ]),
  ).toContain("two fields");
});

test("the namespace stands in the address", () => {
  expect(readSecretsSearch({ namespace: " shop ", other: 1 })).toEqual({ namespace: "shop" });
  expect(readSecretsSearch({ namespace: "" })).toEqual({});
});
