/**
 * A large text cut down to what a place in it needs: the lines around it, those that lead to it, and their siblings.
 *
 * Whole lines are left out, those that stand deeper than what leads to the place, so that paths stay what they are.
 */
export interface Outline {
  text: string;
  /** Where the place is in the outline. */
  offset: number;
  /** What is to be added to an offset in the place's line, to have it in the whole text. */
  shift: number;
}

/** Below this, a text is read as a whole. */
const LARGE = 20_000;

export function outlineAt(text: string, offset: number): Outline {
  if (text.length < LARGE) return { text, offset, shift: 0 };
  const lines = text.split("\n");
  const at = text.slice(0, offset).split("\n").length - 1;
  const kept = new Set([at]);
  const own = indentOf(lines[at] ?? "") ?? offset - (text.lastIndexOf("\n", offset - 1) + 1);
  let least = own;
  for (let index = at - 1; index >= 0; index--) least = keep(lines, index, least, kept);
  least = own;
  for (let index = at + 1; index < lines.length; index++) least = keep(lines, index, least, kept);
  // What stands before the tasks is short, and tells names that are used in them.
  const tasks = lines.findIndex((line) => /^do:/.test(line));
  for (let index = 0; index < Math.min(tasks, 500); index++) kept.add(index);

  let removed = 0;
  for (let index = 0; index < at; index++) if (!kept.has(index)) removed += (lines[index] ?? "").length + 1;
  return {
    text: lines.filter((_, index) => kept.has(index)).join("\n"),
    offset: offset - removed,
    shift: removed,
  };
}

/** Keeps a line that stands no deeper than all between it and the place; returns how deep that is now. */
function keep(lines: string[], index: number, least: number, kept: Set<number>): number {
  const line = lines[index] ?? "";
  const indent = indentOf(line);
  if (indent === null || indent > least) return least;
  kept.add(index);
  return indent;
}

/** How deep a line stands; `null` for one that is empty or a comment. The dash of an item counts as no depth. */
function indentOf(line: string): number | null {
  const indent = line.search(/\S/);
  return indent === -1 || line[indent] === "#" ? null : indent;
}
