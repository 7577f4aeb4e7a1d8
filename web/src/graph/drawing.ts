/** What a drawing of a workflow consists of: boxes, frames and the lines of the flow, all with their places. */
import type { Block } from "./tree";

/** A box of the drawing: a block, folded or with what it holds inside, or a span of a long list. */
export interface Box {
  id: string;
  /** The block; of a span, its first one. */
  block: Block;
  /** All blocks that a span stands for; empty for a block. */
  span: Block[];
  x: number;
  y: number;
  width: number;
  height: number;
  isOpen: boolean;
  canFold: boolean;
  /** How many boxes stand around it. */
  depth: number;
}

/** The frame around a list that has a title, as `catch`. */
export interface Frame {
  id: string;
  title: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type RouteKind = "next" | "jump" | "stop" | "catch" | "loop";

/** A line of the flow, with right angles. */
export interface Route {
  id: string;
  kind: RouteKind;
  /** The ids of the blocks between which it leads; a list's id where it begins or ends with the list. */
  from: string;
  to: string;
  /** The case of a `switch` that it belongs to. */
  label: string;
  points: [number, number][];
  hasArrow: boolean;
}

export interface Layout {
  width: number;
  height: number;
  /** In the order of the flow; what is around others comes before them. */
  boxes: Box[];
  frames: Frame[];
  routes: Route[];
  /** Where the workflow begins and ends. */
  start: [number, number];
  end: [number, number];
}
