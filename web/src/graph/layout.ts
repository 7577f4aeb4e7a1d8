/**
 * Where everything of a tree is drawn: our own block layout, the same for the same tree, whatever the machine.
 *
 * The story. Tasks of a list stand below one another on an axis; what a block holds stands within its box, branches
 * side by side. So the only lines that need a way of their own are the jumps of `then`: they run in lanes beside their
 * list, forwards at its right and backwards at its left, and never cross a box. First every block is measured from the
 * inside out (measuring.ts), with places relative to what is around it; then all is placed from the outside in
 * (placing.ts).
 */
import type { Layout } from "./drawing";
import type { Folds } from "./folding";
import { measureList } from "./measuring";
import { addRoute, placeList } from "./placing";
import { GAP, MARGIN } from "./sizes";
import type { Block } from "./tree";

/** Lays a tree out. */
export function layOut(tree: Block, folds: Folds): Layout {
  const layout: Layout = { width: 0, height: 0, boxes: [], frames: [], routes: [], start: [0, 0], end: [0, 0] };
  const list = tree.lists[0];
  if (!list) return layout;
  const measured = measureList(list, folds);
  const x = MARGIN;
  const y = MARGIN + GAP;
  placeList(layout, measured, x, y, 0);
  const axis = x + measured.axis;
  const bottom = y + measured.height;
  layout.start = [axis, MARGIN];
  layout.end = [axis, bottom + GAP - 8];
  const hasTasks = measured.items.length > 0;
  addRoute(layout, "next", list.id, measured.items[0]?.id ?? `${list.id}$`, "", [layout.start, [axis, y]], hasTasks);
  if (measured.leaves) addRoute(layout, "next", `${list.id}$`, "", "", [[axis, bottom], layout.end], true);
  layout.width = measured.width + 2 * MARGIN;
  layout.height = bottom + GAP + MARGIN;
  return layout;
}
