/** What a task does, in a few words: what stands in its box below its name. */
import { asObject, type Json, member, asText as text } from "./json";
import type { BlockKind } from "./tree";

/** What kinds of tasks are called. */
export const KIND_NAMES: Record<BlockKind, string> = {
  workflow: "workflow",
  do: "do",
  for: "for",
  fork: "fork",
  try: "try",
  function: "function",
  switch: "switch",
  call: "call",
  run: "run",
  child: "child run",
  listen: "listen",
  emit: "emit",
  set: "set",
  wait: "wait",
  raise: "raise",
  unknown: "task",
};

/** Says what a task does, from how it is written; empty where its kind says it all. */
export function describeTask(kind: BlockKind, task: Json): string {
  return DESCRIBE[kind]?.(task) ?? "";
}

const DESCRIBE: Partial<Record<BlockKind, (task: Json) => string>> = {
  for: (task) => {
    const loop = member(task, "for");
    const each = text(loop.each) || "item";
    const condition = text(task.while);
    return `each ${each} in ${bare(loop.in)}${condition ? `, while ${bare(condition)}` : ""}`;
  },
  fork: (task) => {
    const fork = member(task, "fork");
    const count = Array.isArray(fork.branches) ? fork.branches.length : 0;
    return fork.compete === true ? `${count} branches, the first wins` : `${count} branches at the same time`;
  },
  try: (task) => {
    const handler = member(task, "catch");
    const filter = member(member(handler, "errors"), "with");
    const what = Object.entries(filter).map(([name, value]) => `${name} ${lastPart(value)}`);
    return [`catches ${what.length > 0 ? what.join(", ") : "all errors"}`, describeRetry(handler.retry)]
      .filter(Boolean)
      .join("; ");
  },
  call: (task) => {
    const call = text(task.call);
    const given = member(task, "with");
    if (call === "http") return `${(text(given.method) || "get").toUpperCase()} ${address(given.endpoint)}`;
    if (call === "openapi") return `openapi: ${text(given.operationId)}`;
    if (call === "grpc") return `grpc: ${text(member(given, "service").name)}.${text(given.method)}`;
    return [call, text(given.operation) || text(given.method) || text(given.channel)].filter(Boolean).join(": ");
  },
  function: (task) => text(task.call),
  run: (task) => {
    const run = member(task, "run");
    if ("shell" in run) return `shell: ${firstLine(member(run, "shell").command)}`;
    if ("script" in run) return `script: ${text(member(run, "script").language)}`;
    if ("container" in run) return `container: ${text(member(run, "container").image)}`;
    return "";
  },
  child: (task) => {
    const run = member(task, "run");
    const { namespace, name, version } = member(run, "workflow");
    return `${text(namespace)}/${text(name)} ${text(version)}${run.await === false ? ", not awaited" : ""}`.trim();
  },
  listen: (task) => {
    const to = member(member(task, "listen"), "to");
    if ("one" in to) return "one event";
    const way = "all" in to ? "all" : "any";
    const count = Array.isArray(to[way]) ? to[way].length : 0;
    return `${way} of ${count} ${count === 1 ? "event" : "events"}`;
  },
  emit: (task) => text(member(member(member(task, "emit"), "event"), "with").type),
  set: (task) => (typeof task.set === "string" ? bare(task.set) : Object.keys(member(task, "set")).join(", ")),
  wait: (task) => describeDuration(task.wait),
  raise: (task) => {
    const error = member(task, "raise").error;
    if (typeof error === "string") return error;
    const { title, type } = member(task.raise, "error");
    return text(title) || lastPart(type);
  },
};

/** Says a duration as it is written: `PT5S`, or `1 h 30 min`. */
export function describeDuration(written: unknown): string {
  if (typeof written === "string") return bare(written);
  const parts = asObject(written);
  const units: [string, string][] = [
    ["days", "d"],
    ["hours", "h"],
    ["minutes", "min"],
    ["seconds", "s"],
    ["milliseconds", "ms"],
  ];
  return units.flatMap(([key, unit]) => (parts[key] ? [`${String(parts[key])} ${unit}`] : [])).join(" ");
}

function describeRetry(retry: unknown): string {
  if (typeof retry === "string") return `retries: ${retry}`;
  const count = member(member(asObject(retry), "limit"), "attempt").count;
  if (typeof count === "number") return `${count} ${count === 1 ? "retry" : "retries"}`;
  return Object.keys(asObject(retry)).length > 0 ? "retries" : "";
}

function address(endpoint: unknown): string {
  return text(typeof endpoint === "string" ? endpoint : member({ endpoint }, "endpoint").uri).replace(
    /^https?:\/\//,
    "",
  );
}

/** Takes the braces from around an expression. */
export function bare(written: unknown): string {
  if (Array.isArray(written)) return `${written.length} items`;
  const found = /^\s*\$\{\s*([\s\S]*?)\s*\}\s*$/.exec(text(written));
  return (found?.[1] ?? text(written)).replace(/\s+/g, " ");
}

function lastPart(value: unknown): string {
  return typeof value === "string" ? (value.split("/").filter(Boolean).at(-1) ?? "") : String(value ?? "");
}

function firstLine(value: unknown): string {
  return text(value).trim().split("\n")[0] ?? "";
}
