import { describe, expect, it } from "vitest";
import type { LogLine, NumberedEvent, RunTask } from "@/api/schema";
import { findForkPoint, listActions, listRetryPoints } from "./actions";
import { readRunSearch } from "./address";
import { judgeError } from "./blame";
import { countEffects } from "./effects";
import { findFailure } from "./failure";
import { askForEvents, pagesInSight } from "./historyFilter";
import { askFor, cutMatches, isFilter, plainText, writeLines } from "./logModel";
import { describeWindow } from "./logWords";
import { type PastState, tasksAt } from "./past";
import { findUnreached, listPlaces } from "./places";
import { mergeTasks } from "./queries";
import { isSelected } from "./selection";
import { findOutput } from "./taskData";
import { countTasks, describePlace, filterTasks, orderTasks } from "./tasks";
import { describeEnd } from "./watching";

function task(number: number, status: RunTask["status"], more: Partial<RunTask> = {}): RunTask {
  const reference = `/do/${number - 1}/t${number}`;
  const began_at = `2026-01-01T00:00:0${number % 10}.000000Z`;
  return {
    number,
    status,
    reference,
    name: `t${number}`,
    kind: "set",
    seq: number * 10,
    entry: number,
    began_at,
    ...more,
  };
}

describe("the address", () => {
  it("keeps what it knows and leaves out the rest", () => {
    const asked = readRunSearch({ view: "log", task: "/do/0/a", entry: "3", at: 12, other: 1 });
    expect(asked).toEqual({ view: "log", task: "/do/0/a", entry: 3, at: 12 });
    expect(readRunSearch({ view: "nonsense", entry: 3, at: -1 })).toEqual({});
  });
});

describe("the selection", () => {
  it("means every time that the flow came to a task, unless one is told", () => {
    expect(isSelected({ reference: "/a" }, { reference: "/a", entry: 4 })).toBe(true);
    expect(isSelected({ reference: "/a", entry: 3 }, { reference: "/a", entry: 4 })).toBe(false);
    expect(isSelected({ reference: "/a", entry: 3 }, { reference: "/a" })).toBe(true);
    expect(isSelected(null, { reference: "/a" })).toBe(false);
  });
});

describe("the list of tasks", () => {
  const tasks = [
    task(1, "completed"),
    task(2, "faulted", { error: { type: "x", title: "Boom" } }),
    task(3, "running", { is_critical: true }),
    task(4, "lost"),
    task(5, "skipped"),
    task(6, "interrupted"),
  ];

  it("has what failed first, the last first, and then what was under way", () => {
    expect(orderTasks(tasks, "grave").map((each) => each.number)).toEqual([4, 2, 6, 3, 1, 5]);
    expect(orderTasks(tasks, "begun")).toBe(tasks);
  });

  it("filters by state, way and text", () => {
    expect(filterTasks(tasks, "bad", "").map((each) => each.number)).toEqual([2, 4]);
    expect(filterTasks(tasks, "critical", "").map((each) => each.number)).toEqual([3]);
    expect(filterTasks(tasks, "all", "BOOM").map((each) => each.number)).toEqual([2]);
    expect(countTasks(tasks)).toEqual({ all: 6, bad: 2, open: 1, critical: 1 });
  });

  it("says where a task stands", () => {
    expect(describePlace({ reference: "/do/3/build/for/1/do/0/compile" })).toBe("build › item 2 › compile");
    expect(describePlace({ reference: "/do/1/both/fork/branches/0/a~1b" })).toBe("both › a/b");
    expect(describePlace({ reference: "/do/0/for/try/0/try" })).toBe("for › try");
    expect(describePlace({ reference: "/do/0/hear/foreach/2/do/0/post" })).toBe("hear › event 3 › post");
    expect(describePlace({ reference: "/do/0/foreach/foreach/0/do/0/do" })).toBe("foreach › event 1 › do");
  });

  it("takes what has changed into its place", () => {
    const merged = mergeTasks(tasks, [task(7, "running"), task(3, "completed")]);
    expect(merged.map((each) => `${each.number} ${each.status}`).slice(2, 3)).toEqual(["3 completed"]);
    expect(merged).toHaveLength(7);
    expect(mergeTasks(tasks, [])).toBe(tasks);
  });

  it("knows which tasks of the workflow were never reached", () => {
    const document = {
      do: [
        { a: { set: {} } },
        { b: { for: { in: "x" }, do: [{ c: { set: {} } }] } },
        { d: { try: [{ e: { call: "http" } }], catch: { do: [{ f: { set: {} } }] } } },
        { g: { fork: { branches: [{ "h/i": { wait: {} } }] } } },
      ],
    };
    const places = listPlaces(document);
    expect(places.map((place) => place.reference)).toEqual([
      "/do/0/a",
      "/do/1/b",
      "/do/1/b/do/0/c",
      "/do/2/d",
      "/do/2/d/try/0/e",
      "/do/2/d/catch/do/0/f",
      "/do/3/g",
      "/do/3/g/fork/branches/0/h~1i",
    ]);
    const reached = [{ reference: "/do/0/a" }, { reference: "/do/1/b/for/0/do/0/c", place: "/do/1/b/do/0/c" }];
    expect(findUnreached(places, reached).map((place) => place.name)).toEqual(["b", "d", "e", "f", "g", "h/i"]);
  });
});

describe("the run as it was", () => {
  const loop = task(1, "completed", { ended_at: "2026-01-01T00:00:09.000000Z", seq: 40 });
  const quick = task(2, "completed", { ended_at: "2026-01-01T00:00:02.000000Z", seq: 5 });
  const later = task(3, "completed", { ended_at: "2026-01-01T00:00:02.000000Z", began_at: quick.began_at, seq: 6 });
  const state: PastState = {
    seq: 5,
    status: "running",
    open: [{ entry: 1, reference: loop.reference, attempt: null, timers: {} }],
  };

  it("has what was open, what had ended, and nothing that came later in the same moment", () => {
    const then = tasksAt([loop, quick, later], { seq: 5, at: "2026-01-01T00:00:02Z", state });
    expect(then.map((each) => `${each.number} ${each.status}`)).toEqual(["1 running", "2 completed"]);
    expect(then[0]?.ended_at).toBeNull();
    expect(then[0]?.seconds).toBe(1);
  });

  it("goes by times alone for who may not see data", () => {
    const then = tasksAt([loop, quick, later], { seq: 5, at: "2026-01-01T00:00:02.000000Z", state: null });
    expect(then.map((each) => `${each.number} ${each.status}`)).toEqual(["1 running", "2 completed", "3 completed"]);
  });

  it("tells what waited, and what was held", () => {
    const open: PastState["open"] = [
      { entry: 1, reference: "", attempt: { number: 1, state: "held" }, timers: {} },
      { entry: 2, reference: "", attempt: null, timers: { wait: 1 } },
    ];
    const then = tasksAt([loop, quick], { seq: 5, at: "2026-01-01T00:00:02.000000Z", state: { ...state, open } });
    expect(then.map((each) => each.status)).toEqual(["held", "waiting"]);
  });

  it("tells what listened", () => {
    const wait = { code: "waiting_for_event", text: "", began_at: "2026-01-01T00:00:01.000000Z" };
    const hear = { ...loop, wait };
    const then = tasksAt([hear], { seq: 5, at: "2026-01-01T00:00:02.000000Z", state });
    expect(then.map((each) => each.status)).toEqual(["waiting"]);
    const later = { ...hear, wait: { ...wait, began_at: "2026-01-01T00:00:05.000000Z" } };
    expect(tasksAt([later], { seq: 5, at: "2026-01-01T00:00:02Z", state })[0]?.status).toBe("running");
  });

  it("does not know yet what a person did about a fault", () => {
    const retried = task(1, "retried", { seq: 50, ended_at: "2026-01-01T00:00:02.000000Z" });
    const then = tasksAt([retried], { seq: 20, at: "2026-01-01T00:00:03.000000Z", state: { ...state, open: [] } });
    expect(then[0]?.status).toBe("faulted");
  });
});

describe("actions", () => {
  const all = () => true;

  it("fit the status", () => {
    expect(listActions("running", all)).toEqual(["suspend", "cancel"]);
    expect(listActions("suspended", all)).toEqual(["resume", "cancel"]);
    expect(listActions("completed", all)).toEqual([]);
    expect(listActions("faulted", all)).toEqual(["retry", "edit", "skip"]);
  });

  it("fit what the server offers, and the person", () => {
    expect(listActions("faulted", all, [])).toEqual([]);
    expect(listActions("faulted", all, ["retry"])).toEqual(["retry", "edit"]);
    expect(listActions("faulted", (permission) => permission === "run.control")).toEqual([]);
    expect(listActions("running", (permission) => permission === "run.repair")).toEqual([]);
  });

  it("know where a fork can begin", () => {
    expect(findForkPoint("/do/3/build/for/0/do/0/compile")).toBe("/do/3/build");
    expect(findForkPoint("/do/3/block/do/1/step")).toBe("/do/3/block/do/1/step");
    expect(findForkPoint("/do/3/hear/foreach/1/do/0/post")).toBe("/do/3/hear");
    expect(findForkPoint("")).toBeNull();
  });

  it("know what can be tried again", () => {
    expect(listRetryPoints("/do/5/flaky/try/0/once")).toEqual(["/do/5/flaky/try/0/once", "/do/5/flaky"]);
    expect(listRetryPoints("/do/3/build/for/0/do/0/compile")).toEqual([
      "/do/3/build/for/0/do/0/compile",
      "/do/3/build",
    ]);
    expect(listRetryPoints("/do/3/hear/foreach/1/do/0/post")).toEqual(["/do/3/hear/foreach/1/do/0/post", "/do/3/hear"]);
  });

  it("count what a fork repeats", () => {
    const effect = { reference: "/do/0/a", what: "run: shell" };
    expect(countEffects([effect, { ...effect, reference: "/do/1/b" }, effect]).map((each) => each.times)).toEqual([
      2, 1,
    ]);
  });
});

describe("what went wrong", () => {
  it("is the child run's affair where a child run failed", () => {
    expect(judgeError({ type: "https://example.com/own", status: 422, isOfChild: true }).cause).toMatch("child run");
  });

  it("is judged by type and status", () => {
    const prefix = "https://serverlessworkflow.io/spec/1.0.0/errors/";
    expect(judgeError({ type: `${prefix}communication`, status: 503 }).helps).toBe("yes");
    expect(judgeError({ type: `${prefix}communication`, status: 404 }).helps).toBe("no");
    expect(judgeError({ type: `${prefix}communication`, status: 429 }).helps).toBe("yes");
    expect(judgeError({ type: "https://open-workflow-specification.org/dsl/errors/types/validation" }).helps).toBe(
      "no",
    );
    expect(judgeError({ type: "kapell://errors/lost" }).helps).toBe("unknown");
    expect(judgeError({ type: "https://demo.example/own" }).helps).toBe("after");
  });

  it("is read from the explanation", () => {
    const error = { type: "x", status: 500, title: "Process failed", detail: "exit 3" };
    const present = [
      { reference: "/do/0/a", name: "a", at: 1, reason: { code: "faulted", text: "T", facts: { error } } },
      { reference: "/do/0/a", name: "a", at: 1, reason: { code: "no_try", text: "Nothing caught it.", facts: {} } },
    ];
    const failure = findFailure({ summary: "S", present } as Parameters<typeof findFailure>[0]);
    expect(failure).toMatchObject({ reference: "/do/0/a", type: "x", text: "Process failed: exit 3" });
    expect(failure.others).toEqual(["Nothing caught it."]);
    expect(findFailure({ summary: "S", present: [] })).toMatchObject({ reference: "", text: "S" });
  });
});

describe("the history", () => {
  it("is filtered by the server, by what it is asked", () => {
    const every = { onlyBad: false, text: "", about: "all" } as const;
    expect(askForEvents(every)).toEqual({});
    expect(askForEvents({ ...every, onlyBad: true, reference: "/do/1/b", text: "late" })).toEqual({
      only_bad: true,
      task: "/do/1/b",
      text: "late",
    });
    expect(askForEvents({ ...every, about: "people" }).type).toContain("task_retried");
    expect(askForEvents({ ...every, about: "received" }).type).toEqual(["event_received", "event_handled"]);
  });

  it("is read by pages", () => {
    expect(pagesInSight(0, 30, 200)).toEqual([0]);
    expect(pagesInSight(190, 210, 200)).toEqual([0, 1]);
    expect(pagesInSight(-1, -1, 200)).toEqual([0]);
  });

  it("tells what came out of a task", () => {
    const told = (event: unknown) => ({ event }) as NumberedEvent;
    const ended = told({ event: "attempt_ended", entry: 4, output: 1 });
    expect(findOutput([ended, told({ event: "task_completed", entry: 4 })], { entry: 4 })).toEqual({ value: 1 });
    expect(findOutput([ended, told({ event: "task_completed", entry: 4, output: 2 })], { entry: 4 })).toEqual({
      value: 2,
    });
    expect(findOutput([ended, told(null)], { entry: 5 })).toBeUndefined();
  });
});

describe("the log", () => {
  function line(seq: number, text: string, more: Partial<LogLine> = {}): LogLine {
    const at = `2026-01-01T00:00:0${seq}Z`;
    return { seq, at, text, stream: "stdout", reference: "/do/0/a", entry: 1, attempt: 1, ...more };
  }
  const lines = [line(1, "one"), line(2, "TWO", { stream: "stderr" }), line(3, "three", { reference: "/do/1/b" })];

  it("is asked for by stream, task, text and time", () => {
    expect(askFor({ stream: "all", text: "" })).toEqual({});
    const until = "2026-01-01T00:00:02Z";
    const query = askFor({ stream: "stderr", text: "two", reference: "/do/1/b", until });
    expect(query).toEqual({ stream: "stderr", text: "two", task: "/do/1/b", until });
    expect([isFilter({}), isFilter(query)]).toEqual([false, true]);
  });

  it("says what is shown of it", () => {
    const shown = { lines, before: null, after: null, last: 3, reading: null, tail: null, isFiltered: false };
    expect(describeWindow(shown, true)).toBe("Lines 1 to 3 of 3");
    expect(describeWindow({ ...shown, lines: [], last: 0 }, true)).toBe("This run has written no lines.");
    const found = { ...shown, lines: lines.slice(0, 1), last: 1_000_000, isFiltered: true };
    expect(describeWindow(found, true)).toBe("1 line of 1,000,000 matches");
    const reading = { direction: "earlier", at: 600_001 } as const;
    expect(describeWindow({ ...found, reading }, true)).toBe(
      "1 line matches so far; 400,000 of 1,000,000 lines searched …",
    );
    expect(describeWindow({ ...found, lines: [] }, true)).toBe("None of 1,000,000 lines matches.");
    expect(describeWindow({ ...found, tail: "lost" }, false)).toContain("the connection is lost");
  });

  it("is plain text, whatever a terminal would make of it", () => {
    const esc = String.fromCharCode(27);
    expect(plainText(`${esc}[31mred${esc}[0m${esc}]0;title${String.fromCharCode(7)}\tx`)).toBe("red\tx");
  });

  it("marks what is looked for", () => {
    expect(cutMatches("aXbxc", "x")).toEqual(["a", "X", "b", "x", "c"]);
    expect(cutMatches("abc", "")).toEqual(["abc"]);
  });

  it("is saved line by line", () => {
    expect(writeLines(lines.slice(0, 1))).toBe("2026-01-01T00:00:01Z stdout /do/0/a one\n");
  });
});

describe("a watched run", () => {
  it("is told by its name when it has ended", () => {
    const run = { namespace: "n", name: "w", run_id: "r" };
    expect(describeEnd({ ...run, status: "completed" })).toBe("n/w has completed (r)");
    expect(describeEnd({ ...run, status: "cancelled" })).toBe("n/w was cancelled (r)");
  });
});
