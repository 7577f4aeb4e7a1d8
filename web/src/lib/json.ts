/** JSON that somebody writes: what it says, and where it is none. */

export type ReadJson =
  | { value: unknown }
  | {
      /** What is wrong, with the place. */
      error: string;
      /** Where, in characters from the beginning. */
      at: number;
    };

/** Reads JSON; what is empty is nothing. */
export function readJson(text: string): ReadJson {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const at = findPlace(said, text);
    const before = text.slice(0, at).split("\n");
    const what = said.replace(/ (in|of the) JSON.*$|^JSON\.parse: |, ".*$/s, "");
    return { error: `Line ${before.length}, column ${(before.at(-1) ?? "").length + 1}: ${what}`, at };
  }
}

/** Browsers say the place in words of their own: a position, or a line and a column; none where the text just ends. */
function findPlace(said: string, text: string): number {
  const position = /at position (\d+)/.exec(said)?.[1];
  if (position !== undefined) return Math.min(Number(position), text.length);
  const [, line, column] = /line (\d+) column (\d+)/.exec(said) ?? [];
  if (line === undefined || column === undefined) return text.length;
  const before = text.split("\n").slice(0, Number(line) - 1);
  return Math.min(before.join("\n").length + (before.length > 0 ? 1 : 0) + Number(column) - 1, text.length);
}

/** Writes a value as people read it; nothing is empty. */
export function writeJson(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}
