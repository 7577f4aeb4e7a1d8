/** Walking through a drawing by keyboard: in the order of the flow, into what is open and out of it. */
import type { Box } from "./drawing";

export type Step = { go: string } | { turn: string } | { pick: string } | null;

/** Returns what a key does at a box: goes to another, folds or opens it, or picks it. */
export function takeStep(boxes: Box[], active: string | null, key: string): Step {
  const index = boxes.findIndex((box) => box.id === active);
  const box = boxes[index];
  const go = (to: Box | undefined): Step => (to ? { go: to.id } : null);
  if (key === "Home") return go(boxes[0]);
  if (key === "End") return go(boxes.at(-1));
  if (!box) return key.startsWith("Arrow") ? go(boxes[0]) : null;
  switch (key) {
    case "ArrowDown":
      return go(boxes[index + 1]);
    case "ArrowUp":
      return go(boxes[index - 1]);
    case "ArrowRight":
      if (!box.canFold) return null;
      return box.isOpen ? go(boxes[index + 1]) : { turn: box.id };
    case "ArrowLeft":
      return box.canFold && box.isOpen ? { turn: box.id } : go(findAround(boxes, index));
    case " ":
      return box.canFold ? { turn: box.id } : null;
    case "Enter":
      return { pick: box.id };
    default:
      return null;
  }
}

function findAround(boxes: Box[], index: number): Box | undefined {
  const depth = boxes[index]?.depth ?? 0;
  return boxes.slice(0, index).findLast((box) => box.depth < depth && box.span.length === 0);
}

/** Returns the box that shows a block: its own, or the folded one that hides it. */
export function findBox(boxes: Box[], id: string): Box | undefined {
  let found: Box | undefined;
  for (const box of boxes) {
    const isIt = box.span.length === 0 ? box.id === id : !box.isOpen && box.span.some((each) => holds(each.id, id));
    if (isIt) return box;
    if (box.span.length === 0 && !box.isOpen && holds(box.id, id)) found = box;
  }
  return found;
}

function holds(around: string, id: string): boolean {
  return id === around || id.startsWith(`${around}/`) || id.startsWith(`${around} > `);
}
