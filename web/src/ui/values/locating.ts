/** Where in a JSON text the part stands that a pointer names. */
import { isCollection, isScalar, parseDocument } from "yaml";

export interface Span {
  from: number;
  to: number;
}

/** Returns the place of a part, or that of the nearest around it which is there; the whole text at last. */
export function locate(text: string, pointer: string): Span {
  const document = parseDocument(text, { schema: "json" });
  const path = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const steps = path.slice(0, depth).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    const node = depth === 0 ? document.contents : document.getIn(steps, true);
    if ((isScalar(node) || isCollection(node)) && node.range) return { from: node.range[0], to: node.range[1] };
  }
  return { from: 0, to: text.length };
}
