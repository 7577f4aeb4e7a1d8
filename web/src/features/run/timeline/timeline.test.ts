import { describe, expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { makeOverview, mergeSlices } from "./overview";
import { ALL, makeRange, moveRange, showRange, zoomRange } from "./range";
import { findAround, listRows, type RowsInput } from "./rows";
import { findBusy, makeScale, makeTicks, momentAt, placeOf } from "./scale";
import { listSegments, nameWait, type Segment } from "./segments";

const BEGIN = Date.parse("2026-11-21T10:00:00Z");
const at = (seconds: number) => new Date(BEGIN + seconds * 1000).toISOString();

let number = 0;
function task(name: string, began: number, ended: number | null, more: Partial<RunTask> = {}): RunTask {
  number += 1;
  const times = { began_at: at(began), ended_at: ended === null ? undefined : at(ended) };
  const base = { number, seq: number, entry: number, reference: `/do/0/${name}`, name, kind: "activity" };
  return { ...base, status: "completed", ...times, ...more } as RunTask;
}

function say({ kind, from, to, code, attempt, isBad }: Segment): string {
  const seconds = (moment: number) => (moment - BEGIN) / 1000;
  const mark = isBad ? "!" : "";
  return `${kind}${mark} ${seconds(from)}-${to === null ? "" : seconds(to)}${code && ` ${code}`} #${attempt}`;
}

describe("what a task did with its time", () => {
  test("an attempt was held, then about to begin, then worked", () => {
    const held = { code: "waiting_for_slot", text: "It waits.", began_at: at(0), ended_at: at(2) };
    const attempt = {
      number: 1,
      created_at: at(0),
      outcome: "succeeded" as const,
      holds: [held],
      started_at: at(3),
      ended_at: at(7),
    };
    expect(listSegments(task("call", 0, 7, { attempts: [attempt] }), false).map(say)).toEqual([
      "wait 0-2 waiting_for_slot #1",
      "wait 2-3 waiting_to_begin #1",
      "work 3-7 #1",
    ]);
  });

  test("what goes on has no end", () => {
    const open = { number: 1, created_at: at(1), outcome: "open" as const };
    expect(listSegments(task("call", 0, null, { attempts: [open] }), false).map(say)).toEqual(["work 1- #1"]);
    const holds = [{ code: "waiting_for_slot", text: "", began_at: at(1) }];
    const held = { number: 1, created_at: at(1), outcome: "held" as const, holds };
    expect(listSegments(task("call", 0, null, { attempts: [held] }), false).map(say)).toEqual([
      "wait 1- waiting_for_slot #1",
    ]);
  });

  test("a lost attempt is followed by another", () => {
    const attempts = [
      { number: 1, created_at: at(0), outcome: "lost" as const, ended_at: at(4) },
      { number: 2, created_at: at(4), outcome: "succeeded" as const, ended_at: at(5) },
    ];
    expect(listSegments(task("call", 0, 5, { attempts }), false).map(say)).toEqual(["work! 0-4 #1", "work 4-5 #2"]);
  });

  test("a try waits between its tries, around what is in it", () => {
    const error = { type: "t", title: "Broken" };
    const retries = [{ number: 1, caught_at: at(1), due: at(6), delay_seconds: 5, error }];
    expect(listSegments(task("try", 0, 9, { kind: "try", retries }), true).map(say)).toEqual([
      "frame 0-9 #0",
      "wait 1-6 waiting_for_retry #1",
    ]);
  });

  test("a wait waits, a child run is another run, and what is done at once is work of no length", () => {
    expect(listSegments(task("pause", 0, null, { kind: "wait" }), false).map(say)).toEqual([
      "wait 0- waiting_for_time #0",
    ]);
    const child = { number: 1, created_at: at(0), outcome: "succeeded" as const, ended_at: at(3), child_run_id: "r" };
    expect(listSegments(task("part", 0, 3, { kind: "workflow", attempts: [child] }), false).map(say)).toEqual([
      "child 0-3 waiting_for_child #1",
    ]);
    expect(listSegments(task("set", 1, 1, { kind: "set" }), false).map(say)).toEqual(["work 1-1 #0"]);
    expect(nameWait("waiting_for_approval")).toBe("approval");
  });

  test("what listens waits for events, and between what it does with them", () => {
    const held = { code: "waiting_for_event", text: "It waits for an event.", began_at: at(4) };
    expect(listSegments(task("hear", 0, null, { kind: "listen", wait: { ...held, began_at: at(0) } }), false)).toEqual([
      expect.objectContaining({ kind: "wait", to: null, code: "waiting_for_event" }),
    ]);
    expect(listSegments(task("hear", 0, null, { kind: "listen", wait: held }), true).map(say)).toEqual([
      "frame 0- #0",
      "wait 4- waiting_for_event #0",
    ]);
    const over = { ...held, ended_at: at(6) };
    expect(listSegments(task("hear", 0, 8, { kind: "listen", wait: over }), true).map(say)).toEqual([
      "frame 0-8 #0",
      "wait 4-6 waiting_for_event #0",
    ]);
    expect(nameWait("waiting_for_event")).toBe("an event");
  });
});

describe("the rows", () => {
  const rows = (input: Partial<RowsInput>) =>
    listRows({ runId: "r", tasks: [], turned: new Map(), children: new Map(), ...input });

  test("are the tree of the tasks, folded where somebody says so", () => {
    const outer = task("outer", 0, 5, { kind: "do" });
    const inner = task("inner", 1, 2, { parent: outer.entry });
    const after = task("after", 5, 6);
    const tasks = [outer, inner, after];
    expect(rows({ tasks }).map((row) => [row.label, row.depth, row.isOpen])).toEqual([
      ["outer", 0, true],
      ["inner", 1, false],
      ["after", 0, false],
    ]);
    const turned = new Map([[`r/${outer.number}`, false]]);
    expect(rows({ tasks, turned }).map((row) => row.label)).toEqual(["outer", "after"]);
    expect(findAround("r", tasks, inner)).toEqual([`r/${outer.number}`]);
  });

  test("of a long loop are its iterations, open where something is wrong", () => {
    const loop = task("loop", 0, 20, { kind: "for", items: 8 });
    const inside = Array.from({ length: 8 }, (_, iteration) =>
      task("step", iteration, iteration + 1, {
        parent: loop.entry,
        iteration,
        status: iteration === 3 ? "faulted" : "completed",
      }),
    );
    const found = rows({ tasks: [loop, ...inside] });
    expect(found.map((row) => row.label)).toEqual([
      ...["loop", "item 1", "item 2", "item 3", "item 4", "step", "item 5", "item 6", "item 7", "item 8"],
    ]);
    expect(found[1]?.segments.map(say)).toEqual(["frame 0-1 #0", "work 0-1 #0"]);
    expect(found[4]).toMatchObject({ status: "faulted", isOpen: true });
    expect(findAround("r", [loop, ...inside], inside[2] as RunTask)).toEqual([
      `r/${loop.number}/2`,
      `r/${loop.number}`,
    ]);
  });

  test("of what listens are its events", () => {
    const hear = task("hear", 0, 20, { kind: "listen", items: 2 });
    const inside = [0, 1].map((iteration) => task("post", iteration, 3, { parent: hear.entry, iteration }));
    expect(rows({ tasks: [hear, ...inside] }).map((row) => row.label)).toEqual([
      ...["hear", "event 1", "post", "event 2", "post"],
    ]);
    expect(findAround("r", [hear, ...inside], inside[1] as RunTask)).toEqual([
      `r/${hear.number}/1`,
      `r/${hear.number}`,
    ]);
  });

  test("have child runs in them when they are opened", () => {
    const part = task("part", 0, 3, { kind: "workflow", child_run_id: "child" });
    expect(rows({ tasks: [part] })[0]).toMatchObject({ canOpen: true, isOpen: false });
    const turned = new Map([[`r/${part.number}`, true]]);
    expect(rows({ tasks: [part], turned })[0]).toMatchObject({ isOpen: true, isLoading: true });
    const children = new Map([["child", [task("within", 1, 2)]]]);
    expect(rows({ tasks: [part], turned, children })[1]).toMatchObject({ runId: "child", label: "within", depth: 1 });
  });

  test("of 2,000 tasks are made in a moment", () => {
    const tasks = Array.from({ length: 2_000 }, (_, index) => task(`t${index}`, index, index + 1));
    rows({ tasks });
    const before = process.cpuUsage();
    expect(rows({ tasks })).toHaveLength(2_000);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(100);
  });
});

describe("the scale", () => {
  const work = (from: number, to: number | null): Segment => ({
    ...{ kind: "work", code: "", text: "", attempt: 0, isBad: false },
    from: BEGIN + from * 1000,
    to: to === null ? null : BEGIN + to * 1000,
  });
  const end = (seconds: number) => BEGIN + seconds * 1000;

  test("is even where nothing is shortened", () => {
    const scale = makeScale(BEGIN, end(10), null);
    expect([0, 2.5, 10, 11].map((each) => placeOf(scale, end(each)))).toEqual([0, 0.25, 1, 1]);
    expect(momentAt(scale, 0.25)).toBe(end(2.5));
  });

  test("knows when anything worked", () => {
    const busy = findBusy([work(5, 7), work(0, 2), work(1, 3), work(9, null)], end(12));
    expect(busy.map(([from, to]) => [(from - BEGIN) / 1000, (to - BEGIN) / 1000])).toEqual([
      [0, 3],
      [5, 7],
      [9, 12],
    ]);
  });

  test("shortens long stretches in which nothing works, however different they are", () => {
    const busy = findBusy([work(0, 5), work(3_605, 3_610), work(262_810, 262_815)], end(262_815));
    const scale = makeScale(BEGIN, end(262_815), busy);
    expect(scale.gaps.map(({ from, to }) => (to - from) / 1000)).toEqual([3_600, 259_200]);
    const first = placeOf(scale, end(5));
    expect(first).toBeGreaterThan(0.25);
    expect(placeOf(scale, end(262_815)) - placeOf(scale, end(262_810))).toBeCloseTo(first);
    expect(momentAt(scale, placeOf(scale, end(3_607)))).toBeCloseTo(end(3_607), 0);
  });

  test("does not shorten work, nor the waits of a steady rhythm", () => {
    expect(makeScale(BEGIN, end(3_600), findBusy([work(0, 3_600)], end(3_600))).gaps).toEqual([]);
    const rhythm = Array.from({ length: 100 }, (_, index) => work(index * 4, index * 4 + 1));
    expect(makeScale(BEGIN, end(400), findBusy(rhythm, end(400))).gaps).toEqual([]);
  });

  test("of a run that only waits has room for the wait", () => {
    const scale = makeScale(BEGIN, end(100), []);
    expect(placeOf(scale, end(50))).toBeCloseTo(0.5);
  });

  test("has marks at round times, none nearer to another than is asked", () => {
    const ticks = makeTicks(makeScale(BEGIN, end(10), null), 0, 1, 0.1);
    expect(ticks.map((tick) => tick.elapsed)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((each) => each * 1000));
    const zoomed = makeTicks(makeScale(BEGIN, end(10), null), 0.5, 0.6, 0.2);
    expect(zoomed.map((tick) => tick.elapsed)).toEqual([5_000, 5_200, 5_400, 5_600, 5_800, 6_000]);
  });
});

describe("the part that is seen", () => {
  test("grows and shrinks around a place, and stays within the whole", () => {
    expect(zoomRange(ALL, 2)).toEqual({ from: 0.25, to: 0.75 });
    expect(zoomRange({ from: 0.25, to: 0.75 }, 2, 0)).toEqual({ from: 0.25, to: 0.5 });
    expect(zoomRange({ from: 0, to: 0.5 }, 0.1)).toEqual(ALL);
    expect(moveRange({ from: 0.5, to: 0.75 }, 2)).toEqual({ from: 0.75, to: 1 });
  });

  test("is made by two places, and goes to what is asked for", () => {
    expect(makeRange(0.8, 0.2)).toEqual({ from: 0.2, to: 0.8 });
    const range = { from: 0, to: 0.25 };
    expect(showRange(range, 0.1, 0.2)).toBe(range);
    expect(showRange(range, 0.625, 0.625)).toEqual({ from: 0.5, to: 0.75 });
  });
});

test("the strip shows the gravest of each slice", () => {
  const scale = makeScale(0, 100, null);
  const base = { code: "", text: "", attempt: 0, isBad: false };
  const segments: Segment[] = [
    { ...base, kind: "wait", from: 0, to: 49 },
    { ...base, kind: "work", from: 20, to: 29 },
    { ...base, kind: "work", from: 80, to: null, isBad: true },
  ];
  const slices = makeOverview(segments, scale, 100, 10);
  expect(slices.join(" ")).toBe("wait wait work wait wait none none none bad bad");
  expect(mergeSlices(slices).map(({ slice, from }) => [slice, from])).toEqual([
    ["wait", 0],
    ["work", 0.2],
    ["wait", 0.3],
    ["bad", 0.8],
  ]);
});
