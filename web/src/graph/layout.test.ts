import { describe, expect, test } from "vitest";
import type { Box, Layout, Route } from "./drawing";
import { foldAtFirst, listFoldable } from "./folding";
import { layOut } from "./layout";
import { makeDocument, makeRandomDocument, makeTasks, readExamples } from "./samples";
import { findAround, makeTree, walkTree } from "./tree";

const NONE: ReadonlySet<string> = new Set();

function drawn(document: unknown): Layout {
  return layOut(makeTree(document), NONE);
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** Returns what is wrong with a drawing: boxes that lie on others or outside of what holds them. */
function findFaults(document: unknown): string[] {
  const tree = makeTree(document);
  const { boxes, width, height } = layOut(tree, NONE);
  const faults: string[] = [];
  const byId = new Map(boxes.map((box) => [box.id, box]));
  for (const box of boxes) {
    if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height)
      faults.push(`out: ${box.id}`);
    const around = findAround(tree, box.id)[0];
    const outer = around === undefined ? undefined : byId.get(around);
    if (outer && !isWithin(box, outer)) faults.push(`${box.id} is not within ${outer.id}`);
  }
  boxes.forEach((box, index) => {
    for (const other of boxes.slice(index + 1)) {
      if (overlap(box, other) && !isWithin(other, box)) faults.push(`${box.id} lies on ${other.id}`);
      if (overlap(box, other) && !other.id.startsWith(`${box.id}/`)) faults.push(`${box.id} holds ${other.id}`);
    }
  });
  return faults;
}

/** Returns the routes that cross a box without leading to it or lying in it. */
function findCrossings({ boxes, routes }: Layout): string[] {
  const crossings: string[] = [];
  for (const route of routes) {
    for (const box of boxes) {
      if (box.isOpen) continue;
      if (legs(route).some((leg) => crosses(leg, box)))
        crossings.push(`${route.from} to ${route.to} crosses ${box.id}`);
    }
  }
  return crossings;
}

function legs({ points }: Route) {
  return points.slice(1).map((to, index) => ({ from: points[index] as [number, number], to }));
}

function crosses({ from, to }: { from: [number, number]; to: [number, number] }, box: Box): boolean {
  const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
  const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
  return left < box.x + box.width - 1 && right > box.x + 1 && top < box.y + box.height - 1 && bottom > box.y + 1;
}

/** Returns how many milliseconds of a processor's time something takes, at its best: others may be at work, too. */
function measureBest(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe("the layout", () => {
  test.each(readExamples())("draws an example without overlaps: %s", (_name, document) => {
    expect(findFaults(document)).toEqual([]);
    expect(findCrossings(drawn(document))).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("draws whatever there may be without overlaps: %i", (seed) => {
    const document = makeRandomDocument(seed, 120);
    expect(findFaults(document)).toEqual([]);
    expect(findCrossings(drawn(document))).toEqual([]);
  });

  test("is the same for the same document", () => {
    const document = makeRandomDocument(7, 200);
    expect(drawn(structuredClone(document))).toEqual(drawn(document));
  });

  test("keeps the order of the flow", () => {
    const tree = makeTree(makeRandomDocument(3, 150));
    const order: string[] = [];
    walkTree(tree, (block) => order.push(block.id));
    const { boxes } = layOut(tree, NONE);
    expect(boxes.map((box) => box.id)).toEqual(order.slice(1));
    const at = new Map(boxes.map((box) => [box.id, box]));
    walkTree(tree, (block) => {
      for (const { blocks } of block.lists) {
        const tops = blocks.map((each) => at.get(each.id)?.y ?? 0);
        expect(tops).toEqual([...tops].sort((one, other) => one - other));
      }
    });
  });

  test("draws branches side by side, in their order", () => {
    const branches = makeTasks(3, "branch");
    const { boxes } = drawn(makeDocument({ both: { fork: { branches } } }));
    const [, ...inner] = boxes;
    expect(new Set(inner.map((box) => box.y)).size).toBe(1);
    expect(inner.map((box) => box.x)).toEqual(inner.map((box) => box.x).sort((one, other) => one - other));
  });

  test("draws a jump as a route of its own, forwards at the right and backwards at the left", () => {
    const { routes, boxes } = drawn(
      makeDocument(
        { a: { set: {}, then: "c" } },
        { b: { set: {} } },
        { c: { switch: [{ again: { when: ".x", then: "a" } }, { over: { then: "end" } }] } },
        { d: { set: {} } },
      ),
    );
    const jumps = routes.filter((route) => route.kind === "jump");
    expect(jumps.map(({ from, to, label }) => [from, to, label])).toEqual([
      ["/do/0/a", "/do/2/c", ""],
      ["/do/2/c", "/do/0/a", "again"],
    ]);
    const middle = (boxes[0]?.x ?? 0) + (boxes[0]?.width ?? 0) / 2;
    expect(jumps[0]?.points.every(([x]) => x > middle)).toBe(true);
    expect(jumps[1]?.points.every(([x]) => x < middle)).toBe(true);
    expect(routes.some((route) => route.kind === "stop" && route.label === "over")).toBe(true);
    expect(routes.some((route) => route.kind === "next" && route.from === "/do/0/a")).toBe(false);
    expect(routes.some((route) => route.kind === "next" && route.from === "/do/2/c")).toBe(false);
  });

  test("draws jumps that would lie on each other in lanes of their own", () => {
    const { routes } = drawn(
      makeDocument(
        { a: { set: {}, then: "d" } },
        { b: { set: {}, then: "e" } },
        { c: { set: {} } },
        { d: { set: {} } },
        { e: { set: {} } },
      ),
    );
    const lanes = routes.filter((route) => route.kind === "jump").map((route) => route.points[1]?.[0]);
    expect(new Set(lanes).size).toBe(2);
  });

  test("draws what is folded as one box", () => {
    const tree = makeTree(makeDocument({ loop: { for: { in: ".x" }, do: makeTasks(5) } }, { after: { set: {} } }));
    const folded = layOut(tree, new Set(["/do/0/loop"]));
    expect(folded.boxes.map(({ id, isOpen, canFold }) => [id, isOpen, canFold])).toEqual([
      ["/do/0/loop", false, true],
      ["/do/1/after", false, false],
    ]);
    expect(layOut(tree, NONE).boxes).toHaveLength(7);
  });

  test("draws an empty workflow, and none", () => {
    expect(drawn({ do: [] }).boxes).toEqual([]);
    expect(drawn(null).routes).toHaveLength(2);
  });

  test("draws 2,000 tasks in a moment, folded as at first and all open", () => {
    const hosts = Array.from({ length: 100 }, (_, index) => ({
      [`host${index}`]: { for: { in: ".x" }, do: [{ both: { fork: { branches: makeTasks(16) } } }, ...makeTasks(2)] },
    }));
    for (const document of [makeDocument(...hosts), makeDocument(...makeTasks(2_000)), makeRandomDocument(5, 2_000)]) {
      const tree = makeTree(document);
      expect(layOut(tree, foldAtFirst(tree)).boxes.length).toBeLessThan(110);
      expect(measureBest(() => layOut(tree, foldAtFirst(tree)))).toBeLessThan(50);
      expect(measureBest(() => layOut(tree, NONE))).toBeLessThan(100);
    }
  });

  test("gives the spans of a long list lines between them, and jumps between their tasks", () => {
    const tasks = makeTasks(200);
    tasks[5] = { task5: { set: {}, then: "task150" } };
    const tree = makeTree(makeDocument(...tasks));
    const folds = new Set(listFoldable(tree));
    const closed = layOut(tree, folds);
    expect(closed.boxes).toHaveLength(20);
    expect(closed.boxes[1]?.span.map((block) => block.name).slice(0, 2)).toEqual(["task10", "task11"]);
    expect(closed.routes.filter((route) => route.kind === "jump")).toMatchObject([{ from: "/do@0", to: "/do@150" }]);
    folds.delete("/do@0");
    const open = layOut(tree, folds);
    expect(open.boxes).toHaveLength(30);
    expect(open.routes.filter((route) => route.kind === "jump")).toMatchObject([
      { from: "/do/5/task5", to: "/do@150" },
    ]);
    expect(open.routes.filter((route) => route.kind === "next")).toHaveLength(30);
  });
});
