import { expect, test } from "vitest";
import type { RunView } from "@/api/schema";
import {
  chainPages,
  countArrivals,
  findPlace,
  getNext,
  type LaterPage,
  listOffsets,
  NO_PAGES,
  notePage,
  type Row,
  refreshFirst,
  refreshRows,
  toRows,
} from "./pages";

const run = (id: string, status = "running") => ({ run_id: id, status }) as RunView;
const page = (ids: string, next: string | null = null) => ({ items: [...ids].map((id) => run(id)), next });
const show = (rows: Row[]) => rows.map((row) => row.run.run_id + (row.isGone ? "!" : "")).join("");

test("a row that is renewed stays in its place, and one that no longer matches says so", () => {
  const rows = refreshRows(toRows([run("a"), run("b")]), [run("x"), run("b", "faulted")]);
  expect(show(rows)).toBe("a!b");
  expect(rows[1]?.run.status).toBe("faulted");
  expect(show(refreshRows(rows, [run("a"), run("b")]))).toBe("ab");
});

test.each([
  ["abc", null, "abc", null, "abc", 0],
  ["abc", null, "xyabc", null, "abc", 2],
  ["abc", null, "ac", null, "ab!c", 0],
  ["abc", "c", "xab", "b", "abc", 1], // c was pushed out: nothing is known of it
  ["abc", "c", "xa", "b", "abc", 1],
  ["abc", "c", "acd", "d", "ab!c", 0], // d has come up from the next page
  ["abc", "c", "xyz", "z", "abc", 3],
  ["abc", "c", "", null, "a!b!c!", 0],
])("%s (%s), and then %s (%s), is %s with %d to come", (shown, next, fresh, nextThen, rows, arrivals) => {
  expect(show(refreshFirst(page(shown, next), page(fresh, nextThen)))).toBe(rows);
  expect(countArrivals(page(shown, next), page(fresh, nextThen))).toBe(arrivals);
});

const LATER: readonly LaterPage[] = [
  { cursor: "c1", count: 3, next: "c2" },
  { cursor: "c2", count: 2, next: "c3" },
];

test("later pages go on where the first page ends, and are dropped when that is elsewhere", () => {
  expect(chainPages("c1", LATER)).toBe(LATER);
  expect(chainPages("c0", LATER)).toBe(NO_PAGES);
  expect(chainPages(null, LATER)).toBe(NO_PAGES);
  expect(getNext("c1", [])).toBe("c1");
  expect(getNext("c1", LATER)).toBe("c3");
  expect(getNext("c1", [...LATER, { cursor: "c3", count: null, next: null }])).toBe(null);
});

test("what is read of a page is noted; a page that ends elsewhere now has others after it", () => {
  expect(notePage(LATER, "c1", 3, "c2")).toBe(LATER);
  expect(notePage(LATER, "unknown", 3, "c2")).toBe(LATER);
  expect(notePage(LATER, "c1", 2, "c2")).toEqual([{ cursor: "c1", count: 2, next: "c2" }, LATER[1]]);
  expect(notePage(LATER, "c1", 3, "c9")).toEqual([{ cursor: "c1", count: 3, next: "c9" }]);
  const asked = [...LATER, { cursor: "c3", count: null, next: null }];
  expect(notePage(asked, "c3", 1, null)).toEqual([...LATER, { cursor: "c3", count: 1, next: null }]);
});

test("a row is found by its number, also behind pages that have none", () => {
  const offsets = listOffsets(2, [
    { cursor: "c1", count: 0, next: "c2" },
    { cursor: "c2", count: 3, next: "c3" },
    { cursor: "c3", count: null, next: null },
  ]);
  expect(offsets).toEqual([0, 2, 2, 5, 5]);
  expect(findPlace(offsets, 1)).toEqual({ page: 0, row: 1 });
  expect(findPlace(offsets, 2)).toEqual({ page: 2, row: 0 });
  expect(findPlace(offsets, 4)).toEqual({ page: 2, row: 2 });
});
