/**
 * What a run made of a tree: where each block stands, how often the run came to it, how long it took, and which ways
 * the flow went. A loop can be told for one of its iterations alone.
 */
import type { RunTask } from "@/api/schema";
import { type Exit, listExits } from "./exits";
import { gravityOf, worstOf } from "./severity";
import { type Block, type BlockList, walkTree } from "./tree";

/** The iteration that is shown of a loop, by the loop's id; a loop that is not in it is shown with all. */
export type Picks = ReadonlyMap<string, number>;

/** What a run made of a block, all the times that it came to it taken together. */
export interface BlockStory {
  /** Where it stands; of several times, the one that is most worth knowing. */
  status: string;
  /** The worst of what lies in it, where that is worse than its own status; else its own. */
  worst: string;
  /** How often the run came to it, and with which outcomes. */
  times: number;
  counts: Map<string, number>;
  /** The most tries that its activity needed at one time, and the retries of a `try` in all. */
  attempts: number;
  retries: number;
  /** How long it took in all, without what is still open; and since when that is, in milliseconds. */
  seconds: number;
  openSince: number[];
  isCritical: boolean;
  /** The last time that the run came to it. */
  last: RunTask;
  /** The iterations of a loop that were reached: the worst status in each. */
  iterations: Map<number, string>;
  /** How many items a loop has to go through. */
  items: number;
  /** The last time at each reference: a task that is tried again and succeeds is not caught any more. */
  byReference: Map<string, RunTask>;
  /** The time that the status is about. */
  telling: RunTask;
}

export interface Told {
  /** By the id of the block. */
  stories: Map<string, BlockStory>;
  /** How often the flow went from one block to another: see `edgeKey`. */
  edges: Map<string, number>;
}

/** Returns how many seconds a block has taken until `now` (milliseconds). */
export function secondsOf(story: BlockStory, now: number): number {
  return story.openSince.reduce((sum, since) => sum + Math.max(0, now - since) / 1000, story.seconds);
}

/** Names the way from one block to another, by a case of a `switch` if `label` is given. */
export function edgeKey(from: string, to: string, label = ""): string {
  return `${from}|${to}|${label}`;
}

/** Returns the reference of a task in its document. */
export function placeOf(task: RunTask): string {
  return task.place || task.reference;
}

/** Tells what a run, whose tasks stand under `prefix` in the tree, made of it. */
export function tellRun(tree: Block, tasks: RunTask[], picks: Picks = new Map(), prefix = ""): Told {
  const told: Told = { stories: new Map(), edges: new Map() };
  const byEntry = new Map<number, RunTask>();
  const left = new Set<number>();
  const shown: RunTask[] = [];
  for (const task of tasks) {
    if (task.entry) byEntry.set(task.entry, task);
    const around = task.parent ? byEntry.get(task.parent) : undefined;
    const loop = around && prefix + placeOf(around);
    const isLeft = left.has(task.parent ?? 0);
    if (!isLeft && loop !== undefined && task.iteration != null) noteIteration(told.stories.get(loop), task);
    const picked = loop === undefined ? undefined : picks.get(loop);
    if (isLeft || (task.iteration != null && picked !== undefined && picked !== task.iteration)) {
      if (task.entry) left.add(task.entry);
      continue;
    }
    shown.push(task);
    addTask(told.stories, prefix + placeOf(task), task);
  }
  for (const story of told.stories.values()) findStatus(story);
  traceEdges(told.edges, shown, tree, prefix);
  findWorst(tree, told.stories);
  return told;
}

/** Puts together what the run and its child runs made of a tree. */
export function joinTold(tree: Block, parts: Told[]): Told {
  const joined: Told = {
    stories: new Map(parts.flatMap((part) => [...part.stories])),
    edges: new Map(parts.flatMap((part) => [...part.edges])),
  };
  findWorst(tree, joined.stories);
  return joined;
}

function addTask(stories: Map<string, BlockStory>, id: string, task: RunTask): void {
  const story = stories.get(id) ?? beginStory(task);
  stories.set(id, story);
  story.times += 1;
  story.counts.set(task.status, (story.counts.get(task.status) ?? 0) + 1);
  story.attempts = Math.max(story.attempts, task.attempts?.length ?? 0);
  story.retries += task.retries?.length ?? 0;
  // An open task that is looked at as it was has taken a time that is known.
  if (task.ended_at == null && task.seconds == null) story.openSince.push(Date.parse(task.began_at));
  else story.seconds += task.seconds ?? 0;
  story.isCritical ||= task.is_critical === true;
  story.byReference.set(task.reference, task);
  story.items = Math.max(story.items, task.items ?? 0);
  story.last = task;
}

function beginStory(task: RunTask): BlockStory {
  return {
    status: task.status,
    worst: task.status,
    times: 0,
    counts: new Map(),
    attempts: 0,
    retries: 0,
    seconds: 0,
    openSince: [],
    isCritical: false,
    last: task,
    iterations: new Map(),
    items: 0,
    byReference: new Map(),
    telling: task,
  };
}

function findStatus(story: BlockStory): void {
  story.telling = story.last;
  for (const task of story.byReference.values()) {
    if (gravityOf(task.status) > gravityOf(story.telling.status)) story.telling = task;
  }
  story.status = story.telling.status;
}

function noteIteration(loop: BlockStory | undefined, task: RunTask): void {
  if (!loop || task.iteration == null) return;
  const before = loop.iterations.get(task.iteration);
  loop.iterations.set(task.iteration, before === undefined ? task.status : worstOf(before, task.status));
}

/** Carries what is worse than a block's own status up to all that is around it. */
function findWorst(block: Block, stories: Map<string, BlockStory>): string | undefined {
  const story = stories.get(block.id);
  let worst = story?.status;
  for (const list of block.lists) {
    for (const each of list.blocks) {
      const inner = findWorst(each, stories);
      if (inner !== undefined) worst = worst === undefined ? inner : worstOf(worst, inner);
    }
  }
  if (story && worst !== undefined) story.worst = worst;
  return worst;
}

// -- the ways that the flow went --------------------------------------------------------------------------------------

interface Listed {
  list: BlockList;
  around: Block;
  index: number;
}

function indexLists(tree: Block): Map<string, Listed> {
  const blocks = new Map<string, Listed>();
  walkTree(tree, (around) => {
    for (const list of around.lists) {
      list.blocks.forEach((block, index) => {
        blocks.set(block.id, { list, around, index });
      });
    }
  });
  return blocks;
}

/** Follows the flow through each list: its tasks come one after the other within one entry of what is around them. */
function traceEdges(edges: Map<string, number>, tasks: RunTask[], tree: Block, prefix: string): void {
  const blocks = indexLists(tree);
  const add = (from: string, to: string, label = "") => {
    const key = edgeKey(from, to, label);
    edges.set(key, (edges.get(key) ?? 0) + 1);
  };
  const before = new Map<string, RunTask>();
  for (const task of tasks) {
    const id = prefix + placeOf(task);
    const { list, around } = blocks.get(id) ?? {};
    if (!list || !around) continue;
    const group = `${task.parent ?? 0} ${task.iteration ?? ""} ${list.id}`;
    const previous = before.get(group);
    before.set(group, task);
    if (previous && hasGoneOn(previous)) {
      add(prefix + placeOf(previous), id, findCase(previous));
      continue;
    }
    add(list.id, id);
    if (list.role === "catch") add(around.lists[0]?.id ?? "", list.id);
    if ((task.iteration ?? 0) > 0) add(around.id, around.id);
  }
  const exits = new Map<string, Exit[][]>();
  for (const task of before.values()) {
    const id = prefix + placeOf(task);
    const listed = blocks.get(id);
    if (!listed || !hasGoneOn(task)) continue;
    const { list, index } = listed;
    if (!exits.has(list.id)) exits.set(list.id, listExits(list));
    const label = findCase(task);
    const ways = exits.get(list.id)?.[index]?.filter((exit) => exit.label === label) ?? [];
    if (ways.some((exit) => exit.stop === "end")) add(id, "!", label);
    if (ways.some((exit) => exit.stop === "" && exit.target === "")) {
      add(id, `${list.id}$`, label);
      add(`${list.id}$`, "");
    }
  }
}

function hasGoneOn(task: RunTask): boolean {
  return task.status === "completed" || task.status === "skipped" || task.status === "passed";
}

/** Returns the case by which a `switch` was left; its name stands first in the reason. */
function findCase(task: RunTask): string {
  if (task.reason === "default_case") return /default `(.*)` was taken/.exec(task.text ?? "")?.[1] ?? "";
  if (task.reason === "case_matched") return /^`(.*?)` was taken/.exec(task.text ?? "")?.[1] ?? "";
  return "";
}
