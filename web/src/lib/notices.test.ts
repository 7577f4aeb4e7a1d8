import { beforeEach, expect, test } from "vitest";
import type { RunChange } from "./live";
import { describeNotice, NoticeBoard } from "./notices";

const AT = new Date("2026-05-01T12:00:00Z");
let board: NoticeBoard;

beforeEach(() => {
  board = new NoticeBoard();
});

function tell(run_id: string, type: string, status: string) {
  board.follow({ run_id, namespace: "demo", name: "order", seq: 1, type, status } as RunChange, AT);
}

const watched = (runId: string, status: string) => ({ runId, subject: "demo/order", status, at: AT, isWatched: true });

test("runs that stand still until somebody does something are told, the newest first, and others are not", () => {
  tell("a", "run_faulted", "faulted");
  tell("b", "task_entered", "running");
  tell("c", "run_suspended", "suspended");
  tell("d", "run_completed", "completed");
  expect(board.notices.map(({ runId, isNew }) => [runId, isNew])).toEqual([
    ["c", true],
    ["a", true],
  ]);
});

test("what was mended is taken back, and told again when it is broken again", () => {
  tell("a", "run_faulted", "faulted");
  tell("a", "task_retried", "running");
  expect(board.notices).toEqual([]);
  tell("a", "run_faulted", "faulted");
  expect(board.notices).toHaveLength(1);
});

test("the end of a watched run stays, is told once, and is no longer new when it was seen", () => {
  tell("a", "run_faulted", "faulted");
  board.add(watched("a", "faulted"));
  tell("a", "task_retried", "running");
  expect(board.notices).toHaveLength(1);
  board.markSeen();
  expect(board.notices[0]).toMatchObject({ isWatched: true, isNew: false });
});

test("only so many are kept", () => {
  for (let number = 0; number < 60; number++) tell(`r${number}`, "run_faulted", "faulted");
  expect(board.notices).toHaveLength(50);
  expect(board.notices[0]?.runId).toBe("r59");
  board.clear();
  expect(board.notices).toEqual([]);
});

test("listeners are told what was added", () => {
  const told: (string | null)[] = [];
  const stop = board.subscribe((added) => told.push(added ? added.runId : null));
  tell("a", "run_faulted", "faulted");
  board.clear();
  stop();
  tell("b", "run_faulted", "faulted");
  expect(told).toEqual(["a", null]);
});

test("what has become of a run is a sentence", () => {
  expect(describeNotice({ subject: "demo/order", status: "faulted" })).toBe("demo/order has faulted");
  expect(describeNotice({ subject: "demo/order", status: "suspended" })).toBe("demo/order is suspended");
  expect(describeNotice({ subject: "demo/order", status: "cancelled" })).toBe("demo/order was cancelled");
});
