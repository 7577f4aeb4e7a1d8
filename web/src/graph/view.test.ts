import { describe, expect, test } from "vitest";
import { layOut } from "./layout";
import { linePath } from "./paths";
import { makeDocument, makeTasks } from "./samples";
import { makeTree } from "./tree";
import { findSeen, fitAll, fitAtFirst, isSeen, move, show, zoomAt } from "./view";
import { findBox, takeStep } from "./walking";

const WINDOW = { width: 800, height: 600 };

describe("the view of a drawing", () => {
  test("fits all of it, never larger than it is", () => {
    expect(fitAll({ width: 100, height: 100 }, WINDOW)).toEqual({ scale: 1, x: 350, y: 250 });
    expect(fitAll({ width: 8_000, height: 100 }, WINDOW).scale).toBeCloseTo(0.0985);
    expect(fitAtFirst({ width: 8_000, height: 100 }, WINDOW).scale).toBe(0.55);
  });

  test("grows around the point that is pointed at", () => {
    const view = zoomAt({ x: 10, y: 20, scale: 1 }, 2, 110, 120);
    expect(view).toEqual({ scale: 2, x: -90, y: -80 });
    expect((110 - view.x) / view.scale).toBe(100);
  });

  test("moves as far as there is something to be seen", () => {
    const drawing = { width: 400, height: 2_000 };
    const view = { x: 0, y: 0, scale: 1 };
    expect(move(view, 0, -100, drawing, WINDOW)).toEqual({ x: 0, y: -100, scale: 1 });
    expect(move({ ...view, y: -1_400 }, 0, -100, drawing, WINDOW).y).toBe(-1_424);
    expect(move({ ...view, y: -1_424 }, 0, -1, drawing, WINDOW).y).toBe(-1_424);
  });

  test("goes to what is not in sight, and stays where it is", () => {
    const view = { x: 0, y: 0, scale: 1 };
    expect(show(view, { x: 10, y: 10, width: 200, height: 50 }, WINDOW)).toBe(view);
    expect(show(view, { x: 0, y: 5_000, width: 200, height: 50 }, WINDOW).y).toBe(275 - 5_000);
  });

  test("knows what can be seen, in steps", () => {
    const seen = findSeen({ x: -5, y: -5, scale: 1 }, WINDOW);
    expect(findSeen({ x: -10, y: -10, scale: 1 }, WINDOW)).toEqual(seen);
    expect(isSeen({ x: 0, y: 0, width: 10, height: 10 }, seen)).toBe(true);
    expect(isSeen({ x: 0, y: 5_000, width: 10, height: 10 }, seen)).toBe(false);
  });
});

describe("walking through a drawing", () => {
  const tree = makeTree(makeDocument({ loop: { for: { in: ".x" }, do: makeTasks(2) } }, { after: { set: {} } }));
  const { boxes } = layOut(tree, new Set());
  const folded = layOut(tree, new Set(["/do/0/loop"])).boxes;

  test("goes in the order of the flow, in and out", () => {
    expect(takeStep(boxes, null, "ArrowDown")).toEqual({ go: "/do/0/loop" });
    expect(takeStep(boxes, "/do/0/loop", "ArrowDown")).toEqual({ go: "/do/0/loop/do/0/task0" });
    expect(takeStep(boxes, "/do/0/loop/do/1/task1", "ArrowDown")).toEqual({ go: "/do/1/after" });
    expect(takeStep(boxes, "/do/1/after", "ArrowDown")).toBeNull();
    expect(takeStep(boxes, "/do/1/after", "ArrowUp")).toEqual({ go: "/do/0/loop/do/1/task1" });
    expect(takeStep(boxes, "/do/0/loop/do/1/task1", "ArrowLeft")).toEqual({ go: "/do/0/loop" });
    expect(takeStep(boxes, "/do/1/after", "Home")).toEqual({ go: "/do/0/loop" });
    expect(takeStep(boxes, "/do/0/loop", "End")).toEqual({ go: "/do/1/after" });
  });

  test("folds, opens and picks", () => {
    expect(takeStep(boxes, "/do/0/loop", "ArrowLeft")).toEqual({ turn: "/do/0/loop" });
    expect(takeStep(folded, "/do/0/loop", "ArrowRight")).toEqual({ turn: "/do/0/loop" });
    expect(takeStep(boxes, "/do/0/loop", "ArrowRight")).toEqual({ go: "/do/0/loop/do/0/task0" });
    expect(takeStep(boxes, "/do/1/after", " ")).toBeNull();
    expect(takeStep(boxes, "/do/1/after", "Enter")).toEqual({ pick: "/do/1/after" });
  });

  test("finds the box that shows a block", () => {
    expect(findBox(boxes, "/do/0/loop/do/1/task1")?.id).toBe("/do/0/loop/do/1/task1");
    expect(findBox(folded, "/do/0/loop/do/1/task1")?.id).toBe("/do/0/loop");
    expect(findBox(folded, "/do/1/after")?.id).toBe("/do/1/after");
    expect(findBox(folded, "/do/9/none")).toBeUndefined();
  });
});

test("the corners of a line are rounded", () => {
  expect(
    linePath({
      points: [
        [0, 0],
        [0, 20],
        [20, 20],
      ],
    }),
  ).toBe("M0 0L0 14Q0 20 6 20L20 20");
});
