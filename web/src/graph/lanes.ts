/** Lanes: beside which of the others a jump runs, so that no two lie on each other. */

export interface Jump {
  /** The number of the item that it leaves, and by which of its exits. */
  from: number;
  port: number;
  /** The number of the item that it leads to; the number of items for the end of the list. */
  to: number;
  label: string;
  side: "left" | "right";
  /** Its lane, 0 for the one next to the items. */
  lane: number;
}

interface Bundle {
  jumps: Jump[];
  low: number;
  high: number;
}

/** Gives each jump its lane and returns how many there are on each side. Jumps to one item share theirs. */
export function assignLanes(jumps: Jump[]): { left: number; right: number } {
  return { left: assignSide(jumps, "left"), right: assignSide(jumps, "right") };
}

function assignSide(jumps: Jump[], side: Jump["side"]): number {
  const bundles = new Map<number, Bundle>();
  for (const jump of jumps) {
    if (jump.side !== side) continue;
    const bundle = bundles.get(jump.to) ?? { jumps: [], low: jump.to, high: jump.to };
    bundle.jumps.push(jump);
    bundle.low = Math.min(bundle.low, jump.from);
    bundle.high = Math.max(bundle.high, jump.from);
    bundles.set(jump.to, bundle);
  }
  const lanes: Bundle[][] = [];
  const shortestFirst = [...bundles.values()].sort(
    (one, other) => one.high - one.low - (other.high - other.low) || one.low - other.low || one.high - other.high,
  );
  for (const bundle of shortestFirst) {
    let lane = lanes.findIndex((taken) => taken.every((each) => each.high < bundle.low || each.low > bundle.high));
    if (lane === -1) lane = lanes.push([]) - 1;
    lanes[lane]?.push(bundle);
    for (const jump of bundle.jumps) jump.lane = lane;
  }
  return lanes.length;
}
