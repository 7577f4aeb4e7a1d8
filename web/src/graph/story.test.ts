import { describe, expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { layOut } from "./layout";
import { makeDocument, makeTasks } from "./samples";
import { worstOf } from "./severity";
import { edgeKey, joinTold, secondsOf, tellRun } from "./story";
import { findTaken } from "./taken";
import { INSET, makeTree } from "./tree";

let number = 0;

function task(reference: string, more: Partial<RunTask> = {}): RunTask {
  number += 1;
  return {
    number,
    seq: number,
    reference,
    name: reference.split("/").at(-1) ?? "",
    kind: "set",
    status: "completed",
    began_at: "2026-11-21T10:00:00Z",
    ended_at: "2026-11-21T10:00:02Z",
    seconds: 2,
    entry: number,
    ...more,
  } as RunTask;
}

const LOOP = makeDocument(
  { loop: { for: { in: ".x" }, do: [{ first: { set: {} } }, { second: { set: {} } }] } },
  { after: { set: {} } },
);

function runLoop(statuses: string[]): RunTask[] {
  const loop = task("/do/0/loop", { kind: "for", items: 5 });
  const inner = statuses.flatMap((status, iteration) => [
    task(`/do/0/loop/for/${iteration}/do/0/first`, { place: "/do/0/loop/do/0/first", parent: loop.entry, iteration }),
    task(`/do/0/loop/for/${iteration}/do/1/second`, {
      place: "/do/0/loop/do/1/second",
      parent: loop.entry,
      iteration,
      status: status as RunTask["status"],
    }),
  ]);
  return [loop, ...inner];
}

describe("what a run made of a workflow", () => {
  test("the times that it came to a task are taken together", () => {
    const { stories } = tellRun(makeTree(LOOP), runLoop(["completed", "caught", "completed"]));
    const second = stories.get("/do/0/loop/do/1/second");
    expect(second).toMatchObject({ status: "caught", times: 3, seconds: 6 });
    expect([...(second?.counts ?? [])]).toEqual([
      ["completed", 2],
      ["caught", 1],
    ]);
    expect(stories.get("/do/1/after")).toBeUndefined();
  });

  test("a folded block shows the worst of what is in it", () => {
    const { stories } = tellRun(makeTree(LOOP), runLoop(["completed", "faulted"]));
    expect(stories.get("/do/0/loop")).toMatchObject({ status: "completed", worst: "faulted" });
    const calm = tellRun(makeTree(LOOP), runLoop(["skipped", "cancelled"]));
    expect(calm.stories.get("/do/0/loop")?.worst).toBe("completed");
  });

  test("one iteration can be told alone, and all are known", () => {
    const tasks = runLoop(["completed", "faulted", "completed"]);
    const { stories } = tellRun(makeTree(LOOP), tasks, new Map([["/do/0/loop", 2]]));
    expect(stories.get("/do/0/loop/do/1/second")).toMatchObject({ status: "completed", times: 1 });
    const { iterations, items } = stories.get("/do/0/loop") ?? {};
    expect([...(iterations ?? [])]).toEqual([
      [0, "completed"],
      [1, "faulted"],
      [2, "completed"],
    ]);
    expect(items).toBe(5);
  });

  test("what lies in an iteration that is not shown is not told, however deep", () => {
    const tree = makeTree(
      makeDocument({ outer: { for: { in: ".x" }, do: [{ inner: { do: [{ deep: { set: {} } }] } }] } }),
    );
    const outer = task("/do/0/outer");
    const tasks = [outer];
    for (const iteration of [0, 1]) {
      const inner = task(`/do/0/outer/for/${iteration}/do/0/inner`, {
        place: "/do/0/outer/do/0/inner",
        parent: outer.entry,
        iteration,
      });
      const reference = `${inner.reference}/do/0/deep`;
      tasks.push(inner, task(reference, { place: "/do/0/outer/do/0/inner/do/0/deep", parent: inner.entry }));
    }
    const { stories } = tellRun(tree, tasks, new Map([["/do/0/outer", 1]]));
    expect(stories.get("/do/0/outer/do/0/inner/do/0/deep")).toMatchObject({
      times: 1,
      last: { number: tasks[4]?.number },
    });
  });

  test("a task that was tried again and succeeded is completed", () => {
    const tree = makeTree(makeDocument({ careful: { try: [{ call: { set: {} } }], catch: { retry: {} } } }));
    const careful = task("/do/0/careful");
    const reference = "/do/0/careful/try/0/call";
    const tasks = [
      careful,
      task(reference, { parent: careful.entry, status: "caught" }),
      task(reference, { parent: careful.entry }),
    ];
    const { stories, edges } = tellRun(tree, tasks);
    expect(stories.get(reference)).toMatchObject({ status: "completed", times: 2 });
    expect(edges.get(edgeKey("/do/0/careful/try", reference))).toBe(2);
  });

  test("what is open takes as long as it has", () => {
    const { stories } = tellRun(makeTree(LOOP), [
      task("/do/1/after", { ended_at: undefined, seconds: undefined, status: "running" }),
    ]);
    const story = stories.get("/do/1/after");
    expect(story && secondsOf(story, Date.parse("2026-11-21T10:01:00Z"))).toBe(60);
  });

  test("the ways that the flow went are the lines that were taken", () => {
    const tree = makeTree(
      makeDocument(
        { choose: { switch: [{ big: { when: ".x", then: "large" } }, { none: { then: "end" } }] } },
        { small: { set: {}, then: "exit" } },
        { large: { set: {} } },
      ),
    );
    const chosen = task("/do/0/choose", { reason: "case_matched", text: "`big` was taken, as `.x` held." });
    const { edges } = tellRun(tree, [chosen, task("/do/2/large")]);
    const layout = layOut(tree, new Set());
    const taken = findTaken(layout, edges);
    const ways = layout.routes.filter(({ id }) => taken.has(id)).map(({ from, to, label }) => `${from} ${to} ${label}`);
    expect(new Set(ways)).toEqual(
      new Set(["/do /do/0/choose ", "/do/0/choose /do/2/large big", "/do/2/large /do$ ", "/do$  "]),
    );
    const ended = tellRun(tree, [
      task("/do/0/choose", { reason: "default_case", text: "No condition held, so the default `none` was taken." }),
    ]);
    const stop = layout.routes.find((route) => route.kind === "stop");
    expect(findTaken(layout, ended.edges).has(stop?.id ?? "")).toBe(true);
  });

  test("the lines of a folded stretch of a long list are taken with those of its tasks", () => {
    const tree = makeTree(makeDocument(...makeTasks(100)));
    const tasks = Array.from({ length: 100 }, (_, index) => task(`/do/${index}/task${index}`));
    const { edges } = tellRun(tree, tasks);
    for (const folds of [new Set<string>(), new Set(["/do@0", "/do@10"])]) {
      const layout = layOut(tree, folds);
      expect(findTaken(layout, edges).size).toBe(layout.routes.length);
    }
  });

  test("a child run is told within its task", () => {
    const document = makeDocument({ part: { run: { workflow: { name: "c" } } } });
    const tree = makeTree(document, {
      insets: new Map([["/do/0/part", { document: makeDocument({ a: { set: {} } }) }]]),
    });
    const own = tellRun(tree, [task("/do/0/part", { status: "running" })]);
    const child = tellRun(tree, [task("/do/0/a", { status: "faulted" })], new Map(), `/do/0/part${INSET}`);
    const { stories } = joinTold(tree, [own, child]);
    expect(stories.get(`/do/0/part${INSET}/do/0/a`)?.status).toBe("faulted");
    expect(stories.get("/do/0/part")).toMatchObject({ status: "running", worst: "faulted" });
  });

  test("a run of 20,000 tasks is told in a moment", () => {
    const statuses = Array.from({ length: 10_000 }, () => "completed");
    const tasks = runLoop(statuses);
    const tree = makeTree(LOOP);
    tellRun(tree, tasks);
    const before = process.cpuUsage();
    tellRun(tree, tasks);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
  });
});

test("the gravest status stands for all, and the first where none is grave", () => {
  expect(worstOf("completed", "skipped", "caught", "running")).toBe("running");
  expect(worstOf("completed", "skipped", "cancelled")).toBe("completed");
  expect(worstOf("faulted", "completed")).toBe("faulted");
});
