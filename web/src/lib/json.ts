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
  } catch {
    // Browsers tell of it in words of their own, and not always where.
    const { at, what } = new Scanner(text).findFlaw();
    const before = text.slice(0, at).split("\n");
    return { error: `Line ${before.length}, column ${(before.at(-1) ?? "").length + 1}: ${what}.`, at };
  }
}

/** Writes a value as people read it; nothing is empty. */
export function writeJson(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SIMPLE = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const DEEPEST = 500;

class Flaw extends Error {}

/** Goes through a text that is no JSON, up to where it stops being some. */
class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  findFlaw(): { at: number; what: string } {
    try {
      this.takeValue(0);
      return { at: this.at, what: "nothing may follow the value" };
    } catch (flaw) {
      return { at: this.at, what: flaw instanceof Flaw ? flaw.message : String(flaw) };
    }
  }

  private takeValue(depth: number): void {
    if (depth > DEEPEST) throw new Flaw("it is too deep to say what is wrong");
    this.take(SPACE);
    if (this.takeIf("{")) this.takeParts("}", depth, true);
    else if (this.takeIf("[")) this.takeParts("]", depth, false);
    else if (this.text[this.at] === '"') this.takeString();
    else if (!this.take(SIMPLE)) throw new Flaw("a value is needed here");
    this.take(SPACE);
  }

  private takeParts(end: string, depth: number, hasKeys: boolean): void {
    this.take(SPACE);
    if (this.takeIf(end)) return;
    do {
      if (hasKeys) this.takeKey();
      this.takeValue(depth + 1);
    } while (this.takeIf(","));
    if (!this.takeIf(end)) throw new Flaw(`a comma or ${end} is needed here`);
  }

  private takeKey(): void {
    this.take(SPACE);
    if (this.text[this.at] !== '"') throw new Flaw("a key in double quotes is needed here");
    this.takeString();
    this.take(SPACE);
    if (!this.takeIf(":")) throw new Flaw("a colon is needed here");
  }

  private takeString(): void {
    if (!this.take(STRING)) throw new Flaw("this text has no end, or a character that must be escaped");
  }

  private takeIf(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found !== null;
  }
}
