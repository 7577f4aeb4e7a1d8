/** The lines of a run's log that the page has, and which of them are shown. */
import type { LogLine } from "@/api/schema";
import { isWithin } from "./historyFilter";

/** So many lines are kept; the earliest are let go, and can still be downloaded. */
export const MOST_LINES = 200_000;

export type Stream = "all" | "stdout" | "stderr" | "info";

export interface LogFilter {
  stream: Stream;
  /** Only lines of this task and of those in it. */
  reference?: string;
  /** Only lines with this text, in whatever case. */
  text: string;
  /** Only lines that had been written by then. */
  until?: string;
}

/** Returns lines with more behind them; what is there already is not added twice, and the earliest are let go. */
export function addLines(before: LogLine[], more: LogLine[], most = MOST_LINES): LogLine[] {
  const last = before.at(-1)?.seq ?? 0;
  const fresh = more.filter((line) => (line.seq ?? 0) > last);
  if (fresh.length === 0) return before;
  const lines = before.concat(fresh);
  // A quarter is let go at once, so that this is seldom done.
  return lines.length > most ? lines.slice(lines.length - Math.ceil(most * 0.75)) : lines;
}

/** Returns how many lines before the first one that is kept there have been. */
export function countDropped(lines: LogLine[]): number {
  return lines.length === 0 ? 0 : Math.max(0, (lines[0]?.seq ?? 1) - 1);
}

export function filterLines(lines: LogLine[], { stream, reference, text, until }: LogFilter): LogLine[] {
  const wanted = text.toLowerCase();
  if (stream === "all" && !reference && wanted === "" && !until) return lines;
  return lines.filter(
    (line) =>
      (stream === "all" || line.stream === stream) &&
      (!reference || isWithin(line.reference, reference)) &&
      (wanted === "" || line.text.toLowerCase().includes(wanted)) &&
      (!until || Date.parse(line.at) <= Date.parse(until)),
  );
}

const ESCAPE = String.fromCharCode(27);
const BELL = String.fromCharCode(7);
const CONTROL = new RegExp(
  `${ESCAPE}\\[[0-9;?]*[ -/]*[@-~]|${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)|[^\\P{Cc}\\t\\n]`,
  "gu",
);

/** Returns a line without what would steer a terminal (colours, movements of the cursor). */
export function plainText(text: string): string {
  return text.replace(CONTROL, "");
}

/** Cuts a text where a search matches: the parts that match are at odd places. */
export function cutMatches(text: string, wanted: string): string[] {
  if (wanted === "") return [text];
  const [lower, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  // Where lower case has another length, places would not be the same.
  if (lower.length !== text.length) return [text];
  const parts: string[] = [];
  let begin = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, begin)) {
    parts.push(text.slice(begin, at), text.slice(at, at + needle.length));
    begin = at + needle.length;
  }
  parts.push(text.slice(begin));
  return parts;
}

/** Returns lines as they are saved to a file. */
export function writeLines(lines: LogLine[]): string {
  return lines.map((line) => `${line.at} ${line.stream} ${line.reference} ${line.text}\n`).join("");
}
