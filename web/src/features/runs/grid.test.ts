import { expect, test } from "vitest";
import type { RunTask } from "@/api/schema";
import { describeCell, listTasks, makeColumn, mergeRows, readPlace, type TaskRow } from "./grid";

const task = (reference: string, status: string, more: Partial<RunTask> = {}) =>
  ({ reference, status, seconds: 1, ...more }) as RunTask;
const names = (rows: TaskRow[]) => rows.map((row) => "-".repeat(row.depth) + row.name);

const DOCUMENT = {
  document: { name: "nightly" },
  do: [
    { prepare: { set: { do: [{ "no task": {} }] } } },
    {
      work: {
        fork: { branches: [{ stock: { do: [{ read: {} }] } }, { money: { for: {}, do: [{ book: {} }] } }] },
      },
    },
    { guard: { try: [{ risky: {} }], catch: { do: [{ note: {} }] } } },
    { "a/b": { listen: {}, foreach: { do: [{ each: {} }] } } },
  ],
};

test("the tasks of a workflow are listed in its order", () => {
  expect(names(listTasks(DOCUMENT))).toEqual([
    ..."prepare work -stock --read -money --book guard -risky -note a/b -each".split(" "),
  ]);
  expect(listTasks(null)).toEqual([]);
  expect(listTasks({ do: [null, "text", { odd: null }] }).map((row) => row.name)).toEqual(["odd"]);
});

test("a place is read step by step; names may be numbers and have slashes", () => {
  expect(readPlace("/do/1/7/fork/branches/0/a~1b")).toEqual([
    { list: "do", index: 1, name: "7" },
    { list: "fork/branches", index: 0, name: "a/b" },
  ]);
  expect(readPlace("")).toEqual([]);
});

test("a run's tasks have the rows of the workflow, in its order and not in that in which they began", () => {
  const column = makeColumn([
    task("/do/2/guard/catch/do/0/note", "completed"),
    task("/do/2/guard/try/0/risky", "caught"),
    task("/do/2/guard", "completed"),
    task("/do/0/prepare", "completed"),
    task("", "completed"),
  ]);
  expect(names(column.rows)).toEqual(["prepare", "guard", "-risky", "-note"]);
  const known = new Set(listTasks(DOCUMENT).map((row) => row.key));
  expect(column.rows.every((row) => known.has(row.key))).toBe(true);
});

test("iterations are one cell: the gravest says where it leads, of equals the last", () => {
  const place = "/do/0/all/do/0/one";
  const each = (index: number, status: string, more: Partial<RunTask> = {}) =>
    task(`/do/0/all/for/${index}/do/0/one`, status, { place, ...more });
  const error = { type: "t", title: "Bad sum", detail: "" };
  const { rows, cells } = makeColumn([each(0, "completed"), each(1, "faulted", { error }), each(2, "completed")]);
  const row = rows[0] as TaskRow;
  expect(cells[row.key]).toEqual({
    status: "faulted",
    count: 3,
    reference: "/do/0/all/for/1/do/0/one",
    seconds: 3,
    note: "Bad sum",
  });
  expect(describeCell(row, cells[row.key])).toBe("one: faulted, 3 times, 3.0 s. Bad sum");
  expect(describeCell(row, undefined)).toBe("one: not reached");
  const open = makeColumn([each(0, "running", { seconds: null }), each(1, "running")]).cells[row.key];
  expect([open?.reference, open?.seconds]).toEqual(["/do/0/all/for/1/do/0/one", null]);
});

test("rows of other versions stand behind what they follow there", () => {
  const rows = (text: string) => [...text].map((name) => ({ key: name, name, depth: 0 }));
  const merge = (...texts: string[]) =>
    mergeRows(texts.map(rows))
      .map((row) => row.name)
      .join("");
  expect(merge("abc", "axbc")).toBe("axbc");
  expect(merge("abc", "xyc", "abz")).toBe("xyabzc");
  expect(merge("abc", "ca")).toBe("abc");
  expect(merge()).toBe("");
});
