import { describe, expect, it } from "vitest";
import { describePath, describeValue, flattenTree, openAtFirst, searchTree } from "./treeRows";

const VALUE = { order: { lines: [{ sku: "A1", odd: { "a/b~c": null } }, { sku: "B2" }] }, total: 3 };
const everything = () => true;

describe("the rows of a tree", () => {
  it("are what is open, in order", () => {
    const open = new Set(["", "/order"]);
    const rows = flattenTree(VALUE, (pointer) => open.has(pointer));
    expect(rows.map((row) => row.pointer)).toEqual(["", "/order", "/order/lines", "/total"]);
    expect(rows[2]).toMatchObject({ key: "lines", depth: 2, size: 2, isOpen: false });
    expect(rows[3]).toMatchObject({ size: null, isOpen: false });
  });

  it("are found by key and by value, with what is around and within", () => {
    const search = searchTree(VALUE, "b2");
    expect([...(search?.found ?? [])]).toEqual(["/order/lines/1/sku"]);
    const rows = flattenTree(VALUE, (pointer) => search?.around.has(pointer) ?? false, search);
    expect(rows.map((row) => row.pointer)).toEqual([
      "",
      "/order",
      "/order/lines",
      "/order/lines/1",
      "/order/lines/1/sku",
    ]);
    const byKey = searchTree(VALUE, "ODD");
    const within = flattenTree(VALUE, everything, byKey).map((row) => row.pointer);
    expect(within).toContain("/order/lines/0/odd/a~1b~0c");
    expect(within).not.toContain("/total");
  });

  it("are not looked for where nothing is asked", () => {
    expect(searchTree(VALUE, " ")).toBeNull();
    expect(searchTree(VALUE, "nowhere")?.found.size).toBe(0);
    expect(flattenTree(VALUE, everything, searchTree(VALUE, "nowhere"))).toHaveLength(1);
  });

  it("begin open as far as they are few", () => {
    expect([...openAtFirst(VALUE)]).toContain("/order/lines/0/odd");
    const large = { list: Array.from({ length: 1000 }, (_, index) => index), small: { a: 1 } };
    expect([...openAtFirst(large)]).toEqual(["", "/small"]);
    expect([...openAtFirst("text")]).toEqual([]);
  });
});

describe("a value", () => {
  it("has a path that an expression takes", () => {
    expect(describePath(["order", "lines", 0, "odd key"])).toBe('.order.lines[0]["odd key"]');
    expect(describePath([0, "a"])).toBe(".[0].a");
    expect(describePath(["odd key"])).toBe('.["odd key"]');
    expect(describePath([])).toBe(".");
  });

  it("is told in a few words", () => {
    expect(describeValue([1, 2])).toBe("[ 2 items ]");
    expect(describeValue({})).toBe("{}");
    expect(describeValue("a\nb")).toBe('"a\\nb"');
    expect(describeValue("x".repeat(500), 10)).toContain("(502 characters)");
  });
});
