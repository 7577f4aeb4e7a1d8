/** What a look at a log says of itself. */
import type { LogWindow } from "./logWindow";

type Told = Pick<LogWindow, "lines" | "before" | "after" | "last" | "reading" | "tail" | "isFiltered">;

/** Says what is shown of a log, what is being looked for, and whether more comes by itself. */
export function describeWindow(log: Told, isOver: boolean): string {
  const { lines, before, after, last, reading, tail, isFiltered } = log;
  if (last === 0) {
    if (reading) return "Reading the log …";
    return isOver ? "This run has written no lines." : "No lines yet; new ones appear by themselves.";
  }
  const found = say(lines.length, "line");
  const all = say(last, "line");
  if (reading && isFiltered) {
    const looked = reading.direction === "later" ? reading.at : Math.max(0, last + 1 - reading.at);
    return `${found} ${lines.length === 1 ? "matches" : "match"} so far; ${number(looked)} of ${all} searched …`;
  }
  const more =
    tail === "lost"
      ? "; the connection is lost, and is tried again"
      : isOver || tail !== "following"
        ? ""
        : "; new ones appear by themselves";
  if (lines.length === 0) return `None of ${all} matches${more}.`;
  const [first, final] = [lines[0]?.seq ?? 0, lines.at(-1)?.seq ?? 0];
  if (!isFiltered) return `Lines ${number(first)} to ${number(final)} of ${number(last)}${more}`;
  const where =
    before !== null && after !== null
      ? " here, more before and after"
      : before !== null
        ? " here, more before"
        : after !== null
          ? " here, more after"
          : "";
  return `${found} of ${number(last)} ${lines.length === 1 ? "matches" : "match"}${where}${more}`;
}

function say(count: number, word: string): string {
  return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}
