import { expect, test } from "vitest";
import { EVERYTHING, getHeadState, isEmpty, isSelected, NOTHING, toggle, toggleRange, toggleShown } from "./selection";

const SHOWN = ["a", "b", "c", "d", "e"];
const ids = (selection: typeof NOTHING) => [...selection.ids].sort().join("");

test("a row is ticked, and the tick taken away", () => {
  const one = toggle(NOTHING, "b", SHOWN);
  expect([ids(one), one.anchor]).toEqual(["b", "b"]);
  expect(isEmpty(toggle(one, "b", SHOWN))).toBe(true);
});

test("a range has the tick that its last row gets, whichever way it goes", () => {
  const from = toggle(NOTHING, "d", SHOWN);
  const up = toggleRange(from, "b", SHOWN);
  expect(ids(up)).toBe("bcd");
  expect(ids(toggleRange(up, "d", SHOWN))).toBe("");
  expect(ids(toggleRange(NOTHING, "c", SHOWN))).toBe("c");
  expect(ids(toggleRange({ ...from, anchor: "gone" }, "a", SHOWN))).toBe("ad");
});

test("a tick taken from everything that matches leaves the other rows on the screen", () => {
  expect(isSelected(EVERYTHING, "z")).toBe(true);
  expect(ids(toggle(EVERYTHING, "c", SHOWN))).toBe("abde");
});

test("the box above ticks the rows on the screen, and keeps those that are elsewhere", () => {
  const elsewhere = toggle(NOTHING, "z", SHOWN);
  expect(getHeadState(elsewhere, SHOWN)).toBe("some");
  const all = toggleShown(elsewhere, SHOWN);
  expect(ids(all)).toBe("abcdez");
  expect(getHeadState(all, SHOWN)).toBe("all");
  expect(toggleShown(all, SHOWN)).toEqual(NOTHING);
  expect(toggleShown(EVERYTHING, SHOWN)).toEqual(NOTHING);
  expect(getHeadState(NOTHING, SHOWN)).toBe("none");
  expect(getHeadState(EVERYTHING, SHOWN)).toBe("all");
  expect(isEmpty(toggleShown(NOTHING, []))).toBe(true);
});
