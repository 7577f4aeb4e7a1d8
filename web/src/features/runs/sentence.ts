/** Filters as a sentence: what is shown, in words. */
import type { RunStatus } from "@/lib/states";
import { describeMoment } from "@/lib/time";
import {
  getPeriod,
  isRestricted,
  type Period,
  type RunFilters,
  readDistance,
  TIME_KINDS,
  type TimeKind,
} from "./address";

const STATUS_WORDS: Record<RunStatus, string> = {
  running: "are running",
  waiting: "wait",
  suspended: "are suspended",
  cancelling: "are being cancelled",
  completed: "completed",
  faulted: "faulted",
  cancelled: "were cancelled",
  damaged: "are damaged",
};

export const TIME_WORDS: Record<TimeKind, string> = { started: "started", ended: "ended", updated: "last changed" };

/** Says which runs filters mean, and in which order they are listed: "Runs of shop/order that faulted, …". */
export function describeFilters(filters: RunFilters): string {
  const parts = [filters.top ? "Runs that no other run started" : isRestricted(filters) ? "Runs" : "All runs"];
  const workflow = describeWorkflow(filters);
  if (workflow) parts.push(workflow);
  const statuses = filters.status ?? [];
  if (statuses.length > 0) parts.push(`that ${join(statuses.map((status) => STATUS_WORDS[status]))}`);
  let sentence = parts.join(" ");
  if (filters.parent) sentence += `, started by the run ${filters.parent}`;
  let joint = statuses.length > 0 || filters.parent ? "," : " that";
  for (const period of listPeriods(filters)) {
    sentence += `${joint} ${TIME_WORDS[period.kind]} ${describePeriod(period)}`;
    joint = ",";
  }
  if (filters.text) sentence += `, with ${filters.text.trim()} in their input, name or error`;
  return `${sentence}. ${ORDERS[getOrder(filters)]} first.`;
}

/** Says a period: "in the last 24 hours", "from … to …". */
export function describePeriod({ after, before }: Omit<Period, "kind">): string {
  const distance = after === undefined ? null : readDistance(after);
  if (after !== undefined && distance !== null && before === undefined) return `in the last ${describeSpan(distance)}`;
  const texts = [];
  if (after !== undefined) texts.push(`from ${describeTime(after)}`);
  if (before !== undefined) texts.push(`${after === undefined ? "before" : "to"} ${describeTime(before)}`);
  return texts.join(" ") || "at any time";
}

const ORDERS: Record<TimeKind, string> = {
  started: "Those that started last come",
  ended: "Those that ended last come",
  updated: "Those that changed last come",
};

/** Returns the time that the server orders a list by: a run's start, or what only it is asked for by. */
export function getOrder(filters: RunFilters): TimeKind {
  return getPeriod(filters).kind;
}

function listPeriods(filters: RunFilters): Period[] {
  return TIME_KINDS.map((kind) => ({
    kind,
    after: filters[`${kind}_after`],
    before: filters[`${kind}_before`],
  })).filter(({ after, before }) => after !== undefined || before !== undefined);
}

function describeWorkflow({ namespace, name, version }: RunFilters): string {
  const version_ = version ? ` version ${version}` : "";
  if (namespace && name) return `of ${namespace}/${name}${version_}`;
  if (name) return `of workflows named ${name}${version_}`;
  if (namespace) return `of the namespace ${namespace}${version ? `, of versions ${version}` : ""}`;
  return version ? `of versions ${version}` : "";
}

function describeTime(value: string): string {
  const distance = readDistance(value);
  if (distance === null) return describeMoment(new Date(value));
  return `${describeSpan(distance).replace(/^hour$/, "1 hour")} ago`;
}

function describeSpan(millis: number): string {
  const hours = millis / 3_600_000;
  if (hours === 1) return "hour";
  if (hours > 48 && hours % 24 === 0) return `${hours / 24} days`;
  return Number.isInteger(hours) ? `${hours} hours` : `${millis / 60_000} minutes`;
}

function join(texts: string[]): string {
  if (texts.length < 2) return texts.join("");
  return `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
}
