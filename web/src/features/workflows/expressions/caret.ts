/** Where an expression is wrong, as text: the line, and a caret below its character. */

export interface Pointed {
  line: string;
  caret: string;
}

/** Returns the line in which a position lies, from 0 and counted in characters, and what points at it. */
export function pointAt(expression: string, position: number): Pointed {
  const characters = [...expression];
  const before = characters.slice(0, position).join("").split("\n");
  const column = [...(before.at(-1) ?? "")];
  const line = expression.split("\n")[before.length - 1] ?? "";
  // A tab is as wide below as it is above.
  const caret = `${column.map((each) => (each === "\t" ? "\t" : " ")).join("")}^`;
  return { line, caret };
}
