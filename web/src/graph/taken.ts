/** Which lines of a drawing the flow of a run went along. */
import type { Layout } from "./drawing";
import { edgeKey } from "./story";

/** Returns the ids of the routes that the flow went along. */
export function findTaken({ boxes, routes }: Layout, edges: ReadonlyMap<string, number>): Set<string> {
  const shown = showEdges(boxes, edges);
  return new Set(routes.filter(({ from, to, label }) => shown.has(edgeKey(from, to, label))).map(({ id }) => id));
}

/** Returns the edges between what is drawn: of a folded stretch of a list only its one box is. */
function showEdges(boxes: Layout["boxes"], edges: ReadonlyMap<string, number>): Set<string> {
  const spanOf = new Map<string, string>();
  const headOf = new Map<string, string>();
  for (const { id, span, isOpen, block } of boxes) {
    if (span.length === 0) continue;
    if (isOpen) headOf.set(block.id, id);
    else for (const each of span) spanOf.set(each.id, id);
  }
  const shown = new Set<string>();
  for (const key of edges.keys()) {
    const [from = "", to = "", label = ""] = key.split("|");
    const source = spanOf.get(from) ?? from;
    const target = spanOf.get(to) ?? to;
    const head = headOf.get(to);
    if (source !== target || from === to) {
      // Straight lines have no label, even where a case leads along them.
      for (const each of [label, ""]) {
        shown.add(edgeKey(source, head ?? target, each));
        if (head) shown.add(edgeKey(head, to, each));
      }
    }
  }
  return shown;
}
