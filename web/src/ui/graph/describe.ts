/** What is said of a box: below its name, and to who does not see it. */
import type { Box } from "@/graph/drawing";
import type { BlockStory } from "@/graph/story";
import type { Case, Target } from "@/graph/tree";
import { KIND_NAMES } from "@/graph/words";

export type Problem = "error" | "warning";

/** Says where a case leads. */
export function describeTarget(target: Target): string {
  if (target.to === "end") return "ends the run";
  if (target.to === "exit") return "leaves the list";
  return target.to === "task" ? target.name : "goes on";
}

export function describeCase({ name, when, target }: Case): string {
  return `${name}${when ? ` if ${when}` : ""}: ${describeTarget(target)}`;
}

/** Says how often and with how many tries: "4 times, 3 attempts". */
export function describeTimes(story: BlockStory): string {
  const words: string[] = [];
  if (story.times > 1) words.push(`${story.times} times`);
  if (story.attempts > 1) words.push(`${story.attempts} attempts`);
  if (story.retries > 0) words.push(`${story.retries} ${story.retries === 1 ? "retry" : "retries"}`);
  return words.join(", ");
}

/** Says how each of several times ended: "3 completed, 1 caught". */
export function describeCounts(story: BlockStory): string {
  return [...story.counts].map(([status, count]) => `${count} ${status}`).join(", ");
}

/** Returns the title of a box that stands for a stretch of a list. */
export function describeSpan(box: Box): string {
  const [first, last] = [box.span[0]?.name ?? "", box.span.at(-1)?.name ?? ""];
  return first === last ? first : `${first} … ${last}`;
}

export interface Told {
  /** `null` where there is no run. */
  story: BlockStory | null | undefined;
  status: string | null;
  duration: string;
  isCritical: boolean;
  pick: number | undefined;
  problem: Problem | undefined;
}

/** Says all of a box in one sentence, for a screen reader. */
export function describeBox(box: Box, { story, status, duration, isCritical, pick, problem }: Told): string {
  if (box.span.length > 0) return `${describeSpan(box)}, ${box.span.length} tasks${status ? `, ${status}` : ""}`;
  const { block } = box;
  const words = [block.name, KIND_NAMES[block.kind]];
  if (block.summary) words.push(block.summary);
  if (block.condition) words.push(`if ${block.condition}`);
  if (status) words.push(status);
  if (story) {
    if (duration) words.push(`took ${duration}`);
    const times = describeTimes(story);
    if (times) words.push(times);
    if (isCritical) words.push("on the critical path");
    if (story.items > 0) {
      words.push(pick === undefined ? `all of ${story.items} iterations` : `iteration ${pick + 1} of ${story.items}`);
    }
    if (story.last.error) words.push(story.last.error.title || story.last.error.type);
  } else if (story === undefined) {
    words.push("not reached");
  }
  if (block.cases.length > 0) words.push(block.cases.map(describeCase).join("; "));
  if (block.size > 0) words.push(`${block.size} ${block.size === 1 ? "task" : "tasks"} in it`);
  if (problem) words.push(problem === "error" ? "has an error" : "has a warning");
  return words.join(", ");
}
