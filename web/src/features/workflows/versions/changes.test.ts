import { expect, test } from "vitest";
import type { Change } from "@/api/schema";
import { chooseCompared, describeValue, signOf } from "./changes";

test("the newest is compared with the one before it, unless the address says otherwise", () => {
  const versions = ["2.0.0", "1.1.0", "1.0.0"];
  expect(chooseCompared(versions, false, {})).toEqual({ old: "1.1.0", new: "2.0.0" });
  expect(chooseCompared(versions, true, {})).toEqual({ old: "2.0.0", new: "draft" });
  expect(chooseCompared(versions, false, { new: "1.1.0" })).toEqual({ old: "1.0.0", new: "1.1.0" });
  expect(chooseCompared(versions, false, { old: "2.0.0", new: "1.0.0" })).toEqual({ old: "2.0.0", new: "1.0.0" });
  expect(chooseCompared(versions, false, { old: "2.0.0" })).toEqual({ old: "2.0.0", new: "1.1.0" });
  expect(chooseCompared(versions, false, { new: "1.0.0" })).toEqual({ old: "2.0.0", new: "1.0.0" });
  expect(chooseCompared(versions, false, { old: "9.9.9" })).toEqual({ old: "1.1.0", new: "2.0.0" });
});

test("one version alone has nothing to be compared with", () => {
  expect(chooseCompared(["1.0.0"], false, {})).toBeNull();
  expect(chooseCompared([], true, {})).toBeNull();
  expect(chooseCompared(["1.0.0"], false, { old: "1.0.0", new: "1.0.0" })).toBeNull();
});

test("values are told in one line", () => {
  expect(describeValue(undefined)).toBe("absent");
  expect(describeValue("text")).toBe("text");
  expect(describeValue({ a: [1] })).toBe('{"a":[1]}');
  expect(signOf({ kind: "task_renamed", text: "" } as Change)).toBe("moved");
  expect(signOf({ kind: "input_changed", text: "" } as Change)).toBe("changed");
});
