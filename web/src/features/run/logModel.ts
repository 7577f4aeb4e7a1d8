/** The lines of a run's log: how they are asked for, shown and saved. */
import type { LogLine } from "@/api/schema";

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

/** A filter as the server takes it. */
export interface LogQuery {
  text?: string;
  stream?: "stdout" | "stderr" | "info";
  task?: string;
  until?: string;
}

export function askFor({ stream, reference, text, until }: LogFilter): LogQuery {
  return {
    ...(text !== "" && { text }),
    ...(stream !== "all" && { stream }),
    ...(reference && { task: reference }),
    ...(until && { until }),
  };
}

export function isFilter(query: LogQuery): boolean {
  return Object.keys(query).length > 0;
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
