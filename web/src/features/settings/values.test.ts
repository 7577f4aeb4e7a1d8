import { expect, test } from "vitest";
import type { SettingLine } from "@/api/schema";
import { describeSetting, describeSource, describeValue, findSettings } from "./values";

const LINE: SettingLine = {
  name: "rate_limit",
  variable: "KAPELL_RATE_LIMIT",
  value: 50,
  default: 50,
  source: "default",
  description: "How many requests a second.",
};

test("numbers are told with their unit, ports as they are written", () => {
  expect(describeSetting("max_value_bytes", 33_554_432)).toBe("32 MiB (33,554,432)");
  expect(describeSetting("max_tasks_per_run", 100_000)).toBe("100,000");
  expect(describeSetting("port", 8020)).toBe("8020");
  expect(describeSetting("data", "")).toBe("none");
});

test("values are told as people read them", () => {
  expect([null, "", [], {}].map(describeValue)).toEqual(["none", "none", "none", "none"]);
  expect(describeValue(true)).toBe("yes");
  expect(describeValue(0)).toBe("0");
  expect(describeValue(["a", "b"])).toBe("a, b");
  expect(describeValue({ a: 1 })).toBe('{"a":1}');
});

test("it is told where a value comes from", () => {
  expect(describeSource(LINE)).toBe("the default");
  expect(describeSource({ ...LINE, source: "option" })).toBe("an option of the command line");
  expect(describeSource({ ...LINE, source: "KAPELL_RATE_LIMIT" })).toBe("the variable KAPELL_RATE_LIMIT");
  expect(describeSource({ ...LINE, source: "kapell.toml" })).toBe("the file kapell.toml");
});

test("settings are found by any word about them, and those that were set by that", () => {
  const other = { ...LINE, name: "host", variable: "KAPELL_HOST", source: "option", description: "The address." };
  expect(findSettings([LINE, other], "ADDRESS", false)).toEqual([other]);
  expect(findSettings([LINE, other], "", true)).toEqual([other]);
  expect(findSettings([LINE, other], "", false)).toHaveLength(2);
});
