/** The server's problems with a text, as the editor shows them: where they reach to, and what mends them. */
import { isMap, isScalar, type Node } from "yaml";
import type { Problem } from "@/api/schema";
import { findByPath, offsetOf, type ReadText, readLatest, splitPointer } from "./readText";

export interface Fix {
  label: string;
  from: number;
  to: number;
  insert: string;
}

export interface Mark {
  from: number;
  to: number;
  problem: Problem;
  fixes: Fix[];
}

/** Places problems in the text that they were found in. */
export function placeProblems(text: string, problems: Problem[]): Mark[] {
  const read = readLatest(text);
  return problems.map((problem) => {
    const from = problem.line ? offsetOf(text, problem.line, problem.column || 1) : 0;
    const range = rangeAt(text, read, problem, from);
    return { ...range, problem, fixes: listFixes(text, read, problem, range) };
  });
}

function rangeAt(text: string, read: ReadText, problem: Problem, from: number): { from: number; to: number } {
  const path = splitPointer(problem.pointer ?? "");
  for (const isKey of [true, false]) {
    const range = findByPath(read.root, path, isKey)?.range;
    if (path.length > 0 && range && range[0] === from) return { from, to: endOfFirstLine(text, from, range[1]) };
  }
  // Within a scalar, as in an expression, a word is marked; a character where there is none.
  const word = text.slice(from).match(/^\$?[\w-]+/)?.[0].length ?? 0;
  const to = Math.min(text.length, from + Math.max(1, word));
  return { from: Math.min(from, text.length), to };
}

function endOfFirstLine(text: string, from: number, to: number): number {
  const line = text.indexOf("\n", from);
  return line === -1 ? to : Math.max(from + 1, Math.min(to, line));
}

function listFixes(text: string, read: ReadText, problem: Problem, range: { from: number; to: number }): Fix[] {
  const hint = problem.hint ?? "";
  const written = text.slice(range.from, range.to);
  const replace = (label: string, insert: string): Fix[] => [{ label, ...range, insert }];

  const meant = hint.match(/^Did you mean (?:`([^`]+)`|(\S+))\?$/);
  const word = meant?.[1] ?? meant?.[2];
  if (word !== undefined) return replace(`Write ${word}`, inQuotesLike(written, word));

  const quoted = hint.match(/^Put it in quotes: ('[^']*')\.$/)?.[1];
  if (quoted !== undefined) return replace(`Write ${quoted}`, quoted);

  const expression = hint.match(/^Write it as (\$\{ [^\n]+ \})\.$/)?.[1];
  if (expression !== undefined && !expression.includes("...")) {
    return replace(`Write ${expression}`, inQuotesLike(written, expression));
  }

  if (problem.code === "several_names" && hint.startsWith("Put `- ` before")) {
    const indent = text.slice(text.lastIndexOf("\n", range.from - 1) + 1, range.from);
    if (/^ {2,}$/.test(indent))
      return [{ label: "Make it a task of its own", from: range.from - 2, to: range.from, insert: "- " }];
  }

  const missing = problem.code === "missing_key" ? problem.message.match(/ lacks `([^`]+)`/)?.[1] : undefined;
  if (missing !== undefined) return addKey(text, read, problem, missing);
  return [];
}

function inQuotesLike(written: string, word: string): string {
  const quote = written[0];
  if ((quote === "'" || quote === '"') && written.endsWith(quote) && written.length > 1) return quote + word + quote;
  return word;
}

function addKey(text: string, read: ReadText, problem: Problem, key: string): Fix[] {
  const path = splitPointer(problem.pointer ?? "");
  const map = path.length === 0 ? read.root : findByPath(read.root, path);
  if (!isMap(map) || !map.range) return [];
  const label = `Add ${key}`;
  if (map.flow) {
    const at = map.range[0] + 1;
    return [{ label, from: at, to: at, insert: map.items.length > 0 ? `${key}: , ` : `${key}: ` }];
  }
  const first = map.items[0]?.key as Node | undefined;
  if (!isScalar(first) || !first.range) return [];
  const at = first.range[0];
  const indent = at - (text.lastIndexOf("\n", at - 1) + 1);
  return [{ label, from: at, to: at, insert: `${key}: \n${" ".repeat(indent)}` }];
}
