/**
 * A workflow's document as a tree of blocks: what is drawn, walked through and folded.
 *
 * Each block has the reference by which the server calls its task: the JSON pointer of its place, as the compiler gives
 * it. A document is drawn while it is written, too, so whatever is wrong with it is passed over here, never thrown.
 */
import { asList, asObject, asText, type Json } from "./json";
import { bare, describeTask } from "./words";

export type BlockKind =
  | "workflow"
  | "do"
  | "for"
  | "fork"
  | "try"
  | "function"
  | "switch"
  | "call"
  | "run"
  | "child"
  | "listen"
  | "emit"
  | "set"
  | "wait"
  | "raise"
  | "unknown";

/** Where the flow goes from a block: to the next of its list, to the list's end, to the run's end, to a task. */
export type Target = { to: "next" } | { to: "exit" } | { to: "end" } | { to: "task"; name: string };

/** A case of a `switch`, without `when` its default; or where a `try` goes on after it has caught an error. */
export interface Case {
  name: string;
  when: string;
  target: Target;
}

export type ListRole = "do" | "branch" | "try" | "catch" | "each" | "body";

/** Tasks of a block that follow one another. */
export interface BlockList {
  /** What no other list of the tree is called. */
  id: string;
  role: ListRole;
  /** What stands above it, where a block has several lists. */
  title: string;
  blocks: Block[];
}

export interface Block {
  /** What no other block of the tree is called; its reference, after that of the task whose child run it lies in. */
  id: string;
  /** The reference in the document of its own run. */
  reference: string;
  name: string;
  kind: BlockKind;
  /** What it does, in a few words. */
  summary: string;
  /** Its condition, if it has one. */
  condition: string;
  /** Where its `then` leads. */
  onward: Target;
  cases: Case[];
  lists: BlockList[];
  /** Whether it has a child run that can be drawn within it, but is not. */
  canLoad: boolean;
  /** Whether it is a branch of a `fork`, or lies in one. */
  isInBranch: boolean;
  /** How many tasks lie in it, at any depth. */
  size: number;
}

/** The child run that a task has started; its workflow is drawn within the task when it is known. */
export interface Inset {
  document?: unknown;
}

interface Options {
  /** What is drawn within a task that starts a child run, by the task's id. */
  insets?: ReadonlyMap<string, Inset>;
}

/** Stands between the id of a task and the reference of a task of its child run. */
export const INSET = " > ";

/** Returns the tree of a workflow's document; its root stands for the workflow itself. */
export function makeTree(document: unknown, options: Options = {}): Block {
  return new Builder(options).workflow(document, "");
}

/** Calls `visit` with a block and all the blocks within it, in the order of the flow. */
export function walkTree(
  block: Block,
  visit: (block: Block, around: Block | null) => void,
  around: Block | null = null,
) {
  visit(block, around);
  for (const list of block.lists) for (const each of list.blocks) walkTree(each, visit, block);
}

/** Returns the blocks of a tree by their ids. */
export function indexTree(tree: Block): Map<string, Block> {
  const found = new Map<string, Block>();
  walkTree(tree, (block) => found.set(block.id, block));
  return found;
}

/** Returns the ids of the blocks around a block, the innermost first, without the root. */
export function findAround(tree: Block, id: string): string[] {
  const parents = new Map<string, string>();
  walkTree(tree, (block, around) => around && parents.set(block.id, around.id));
  const found: string[] = [];
  for (let at = parents.get(id); at !== undefined && at !== tree.id; at = parents.get(at)) found.push(at);
  return found;
}

class Builder {
  /** Functions that are being written out: one that calls itself is not written out again. */
  private readonly calling: string[] = [];
  private readonly options: Options;
  private functions: Json = {};
  private prefix = "";
  private branchDepth = 0;

  constructor(options: Options) {
    this.options = options;
  }

  workflow(document: unknown, prefix: string): Block {
    const root = asObject(document);
    const about = asObject(root.document);
    this.functions = asObject(asObject(root.use).functions);
    this.prefix = prefix;
    const block = this.make("", asText(about.name), "workflow", {});
    block.lists = [this.list("", "/do", "do", "", root.do)];
    return measure(block);
  }

  private make(reference: string, name: string, kind: BlockKind, task: Json): Block {
    return {
      id: this.prefix + reference,
      reference,
      name,
      kind,
      summary: describeTask(kind, task),
      condition: bare(task.if),
      onward: readTarget(task.then),
      cases: [],
      lists: [],
      canLoad: false,
      isInBranch: this.branchDepth > 0,
      size: 0,
    };
  }

  private list(reference: string, suffix: string, role: ListRole, title: string, tasks: unknown): BlockList {
    const blocks = asList(tasks).flatMap((each, position) => this.named(`${reference}${suffix}`, position, each));
    return { id: `${this.prefix}${reference}${suffix}`, role, title, blocks };
  }

  private named(list: string, position: number, item: unknown): Block[] {
    const [name, task] = Object.entries(asObject(item))[0] ?? [];
    if (name === undefined) return [];
    return [this.task(`${list}/${position}/${escapePointer(name)}`, name, asObject(task))];
  }

  private task(reference: string, name: string, task: Json): Block {
    const kind = findKind(task, this.functions);
    const block = this.make(reference, name, kind, task);
    switch (kind) {
      case "do":
        block.lists = [this.list(reference, "/do", "do", "", task.do)];
        break;
      case "for":
        block.lists = [this.list(reference, "/do", "do", "", task.do)];
        break;
      case "fork":
        block.lists = this.branches(reference, task);
        break;
      case "try":
        block.lists = this.attempt(reference, task);
        block.cases = readCatch(task);
        break;
      case "switch":
        block.cases = asList(task.switch).flatMap(readCase);
        break;
      case "listen":
        block.lists = this.each(`${reference}/foreach`, task.foreach);
        break;
      case "call":
        block.lists = this.each(
          `${reference}/with/subscription/foreach`,
          asObject(asObject(task.with).subscription).foreach,
        );
        break;
      case "function":
        block.lists = this.body(reference, asText(task.call));
        break;
      case "child":
        block.lists = this.inset(block);
        break;
    }
    return measure(block);
  }

  private branches(reference: string, task: Json): BlockList[] {
    this.branchDepth += 1;
    const list = this.list(reference, "/fork/branches", "branch", "", asObject(task.fork).branches);
    this.branchDepth -= 1;
    return list.blocks.map((block) => ({ id: `${block.id}#branch`, role: "branch", title: "", blocks: [block] }));
  }

  private attempt(reference: string, task: Json): BlockList[] {
    const handler = this.list(reference, "/catch/do", "catch", "catch", asObject(task.catch).do);
    const body = this.list(reference, "/try", "try", handler.blocks.length > 0 ? "try" : "", task.try);
    return handler.blocks.length > 0 ? [body, handler] : [body];
  }

  private each(reference: string, loop: unknown): BlockList[] {
    const list = this.list(reference, "/do", "each", "for each message", asObject(loop).do);
    return list.blocks.length > 0 ? [list] : [];
  }

  private body(reference: string, name: string): BlockList[] {
    if (this.calling.includes(name)) return [];
    this.calling.push(name);
    const place = `${reference}/call/${escapePointer(name)}`;
    const block = this.task(place, name, asObject(this.functions[name]));
    this.calling.pop();
    return [{ id: `${block.id}#body`, role: "body", title: "", blocks: [block] }];
  }

  private inset(block: Block): BlockList[] {
    const inset = this.options.insets?.get(block.id);
    block.canLoad = inset !== undefined && inset.document === undefined;
    if (inset?.document === undefined) return [];
    const child = new Builder(this.options).workflow(inset.document, `${block.id}${INSET}`);
    return child.lists.map((list) => ({ ...list, role: "body" }));
  }
}

function measure(block: Block): Block {
  block.size = block.lists.reduce((sum, list) => list.blocks.reduce((inner, each) => inner + each.size + 1, sum), 0);
  return block;
}

const KEYS: [string, BlockKind][] = [
  ["fork", "fork"],
  ["for", "for"],
  ["try", "try"],
  ["switch", "switch"],
  ["call", "call"],
  ["run", "run"],
  ["listen", "listen"],
  ["emit", "emit"],
  ["set", "set"],
  ["wait", "wait"],
  ["raise", "raise"],
  ["do", "do"],
];

function findKind(task: Json, functions: Json): BlockKind {
  const kind = KEYS.find(([key]) => key in task)?.[1] ?? "unknown";
  if (kind === "call" && Object.hasOwn(functions, asText(task.call))) return "function";
  if (kind === "run" && "workflow" in asObject(task.run)) return "child";
  return kind;
}

function readTarget(then: unknown): Target {
  if (then === "exit" || then === "end") return { to: then };
  if (typeof then !== "string" || then === "continue" || then === "") return { to: "next" };
  return { to: "task", name: then };
}

function readCase(item: unknown): Case[] {
  const [name, written] = Object.entries(asObject(item))[0] ?? [];
  if (name === undefined) return [];
  const { when, then } = asObject(written);
  return [{ name, when: bare(when), target: readTarget(then) }];
}

/** Where a `try` goes on when it has handled an error, where that is another place than usual. */
function readCatch(task: Json): Case[] {
  const target = readTarget(asObject(task.catch).then);
  return target.to === "next" ? [] : [{ name: "after catch", when: "", target }];
}

/** Writes a name as a part of a JSON pointer (RFC 6901, 3). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
