import { expect, test } from "vitest";
import type { RunView } from "@/api/schema";
import type { RunChange } from "./live";
import { changeFirstPage, changeRun, holdsRun, type RunListFilter } from "./runChanges";

const run = (id: string, rest: Partial<RunView> = {}): RunView => ({
  run_id: id,
  namespace: "demo",
  name: "hello",
  version: "1.0.0",
  status: "running",
  created_at: "2026-11-21T10:00:00Z",
  updated_at: "2026-11-21T10:00:00.500000Z",
  ended_at: null,
  parent_run_id: null,
  waits_until: null,
  error: null,
  ...rest,
});
const change = (id: string, rest: Partial<RunChange> = {}): RunChange => {
  const { error, ...moved } = run(id);
  return { ...moved, seq: 3, type: "run_completed", updated_at: "2026-11-21T10:00:01Z", ...rest };
};
const changes = (...all: RunChange[]) => new Map(all.map((each) => [each.run_id, each]));
const page = (ids: string, next: string | null = null) => ({ items: [...ids].map((id) => run(id)), next });
const ended = { status: "completed", ended_at: "2026-11-21T10:00:01Z" };

test("a change says where a run stands", () => {
  expect(changeRun(run("a"), change("a", ended))).toMatchObject({ ...ended, error: null, name: "hello" });
  expect(changeRun(run("a", { status: "faulted", error: "Away" }), change("a"))).toMatchObject({ error: null });
});

test("what is older than what is known, or says nothing new, changes nothing", () => {
  const known = run("a");
  expect(changeRun(known, undefined)).toBe(known);
  expect(changeRun(known, change("a", { ...ended, updated_at: "2026-11-21T10:00:00Z" }))).toBe(known);
  expect(changeRun(known, change("a"))).toBe(known);
});

test.each<[RunListFilter, boolean | undefined]>([
  [{}, true],
  [{ status: ["running", "waiting"] }, true],
  [{ status: [] }, true],
  [{ status: ["faulted"] }, false],
  [{ namespace: "demo", name: "hello", version: "1.0.0" }, true],
  [{ namespace: "other" }, false],
  [{ name: "other" }, false],
  [{ version: "2.0.0" }, false],
  [{ top: true }, true],
  [{ parent: "p" }, false],
  [{ started_after: "2026-11-21T10:00:00.000Z" }, true],
  [{ started_before: "2026-11-21T10:00:00.000Z" }, false],
  [{ ended_after: "2026-11-21T09:00:00.000Z" }, false],
  [{ updated_after: "2026-11-21T09:00:00.000Z", updated_before: "2026-11-21T11:00:00.000Z" }, true],
  [{ text: "word" }, undefined],
  [{ text: "word", name: "other" }, false],
])("a list of %j has the run: %s", (filter, holds) => {
  expect(holdsRun(filter, run("a"))).toBe(holds);
});

const show = (
  before: { items: RunView[]; next?: string | null },
  told: RunChange[],
  filter: RunListFilter = {},
  limit = 3,
) => {
  const after = changeFirstPage({ ...before, next: before.next ?? null }, changes(...told), filter, limit);
  return `${after.items.map((each) => each.run_id + (each.status === "running" ? "" : "!")).join("")} ${after.next}`;
};

test("rows of the first page change in their places, and leave it where they do not match any more", () => {
  expect(show(page("cba"), [change("b", ended)])).toBe("cb!a null");
  expect(show(page("cba"), [change("b", ended)], { status: ["running"] })).toBe("ca null");
});

test("new runs come in where they belong; a full page gives its last ones to the next", () => {
  expect(show(page("ca"), [change("b")])).toBe("cba null");
  expect(show(page("cba", "a"), [change("e"), change("d")])).toBe("edc c");
  expect(show(page("cba", "a"), [change("0")])).toBe("cba a"); // it is further down
  expect(show(page("cb"), [change("d", { name: "other" })], { name: "hello" })).toBe("cb null");
});

test("only the server knows where a new run belongs by its text or another time", () => {
  expect(show(page("cb"), [change("d")], { text: "word" })).toBe("cb null");
  expect(show(page("cb"), [change("d")], { updated_after: "2026-11-21T09:00:00.000Z" })).toBe("cb null");
  expect(show(page("cb"), [change("b", ended)], { text: "word" })).toBe("cb! null");
});

test("a page that nothing concerns is the same one", () => {
  const before = page("cba");
  expect(changeFirstPage(before, changes(change("z", { name: "other" })), { name: "hello" }, 3)).toBe(before);
});
