/** Workflows for tests: generated ones, and the examples that come with Kapell and with the specification. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const FOLDERS = ["examples", "tools/reference/examples"].map((each) => path.join(ROOT, each));

/** Returns the documents of all examples by their file names; those of the specification if they are at hand. */
export function readExamples(): [string, unknown][] {
  const specification = process.env.KAPELL_SPEC_DIR;
  const folders = specification ? [...FOLDERS, path.join(specification, "examples")] : FOLDERS;
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf-8" })
      .filter((name) => name.endsWith(".yaml"))
      .sort()
      .map((name): [string, unknown] => [name, asWorkflow(parse(readFileSync(path.join(folder, name), "utf-8")))]),
  );
}

/** Some examples are parts of a workflow: a list of tasks. */
function asWorkflow(read: unknown): unknown {
  return Array.isArray(read) ? makeDocument(...read) : read;
}

/** Returns the document of a workflow with these tasks. */
export function makeDocument(...tasks: unknown[]): { document: object; do: unknown[] } {
  return { document: { dsl: "1.0.3", namespace: "test", name: "sample", version: "1.0.0" }, do: tasks };
}

/** Returns a list of so many tasks that do hardly anything. */
export function makeTasks(count: number, prefix = "task"): Record<string, object>[] {
  return Array.from({ length: count }, (_, index) => ({ [`${prefix}${index}`]: { set: { index } } }));
}

/** Returns a workflow of about `count` tasks with everything in it, the same for the same seed. */
export function makeRandomDocument(seed: number, count: number): unknown {
  const random = makeRandom(seed);
  let left = count;
  const list = (depth: number, length: number): unknown[] => {
    const names = Array.from({ length }, (_, index) => `t${depth}-${index}`);
    return names.map((name) => ({ [name]: task(depth, names) }));
  };
  const task = (depth: number, names: string[]): object => {
    left -= 1;
    const then = random() < 0.25 ? { then: pick(["exit", "end", "continue", ...names]) } : {};
    const inner = () => list(depth + 1, 1 + Math.floor(random() * 4));
    const kind = depth > 4 || left < 0 ? 1 : random();
    if (kind < 0.12) return { do: inner(), ...then };
    if (kind < 0.24) return { for: { in: "${ .items }" }, do: inner(), ...then };
    if (kind < 0.36) return { fork: { branches: inner() }, ...then };
    if (kind < 0.48) return { try: inner(), catch: random() < 0.7 ? { do: inner() } : {}, ...then };
    if (kind < 0.6) {
      const cases = names.slice(0, 3).map((name, index) => ({ [`case${index}`]: { when: "${ . }", then: name } }));
      return { switch: random() < 0.5 ? cases : [...cases, { otherwise: { then: pick(["exit", "end", ...names]) } }] };
    }
    if (kind < 0.65) return { raise: { error: { type: "https://example.test/wrong", status: 500 } } };
    return { set: { depth }, ...then };
  };
  const pick = (from: string[]) => from[Math.floor(random() * from.length)];
  return makeDocument(...list(0, 12));
}

function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
