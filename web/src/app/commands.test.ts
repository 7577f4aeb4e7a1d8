import { expect, test } from "vitest";
import { listDoings, listPages, listSearches, listWorkflows } from "./commands";

const all = () => true;
const none = () => false;

test("pages and things to do are offered to who may use them", () => {
  expect(listPages([], all).map(({ label }) => label)).toEqual([
    "Home",
    "Runs",
    "Events",
    "Workflows",
    "Reports",
    "Administration",
  ]);
  expect(listPages([], none).map(({ label }) => label)).toEqual(["Home", "Administration"]);
  expect(listDoings((permission) => permission === "run.read").map(({ id }) => id)).toEqual(["needs", "delivery"]);
  expect(listDoings(none)).toEqual([]);
});

test("a text that may be a run's id opens that run; any text is looked for in runs", () => {
  expect(listSearches("01jd4q7x0k", all).map(({ id }) => id)).toEqual(["run", "search"]);
  expect(listSearches("payment", all).map(({ id }) => id)).toEqual(["search"]);
  expect(listSearches("", all)).toEqual([]);
  expect(listSearches("payment", none)).toEqual([]);
});

test("a workflow that was found is called by its title, too", () => {
  const [titled, plain] = listWorkflows([
    { namespace: "demo", name: "order", title: "Take an order" },
    { namespace: "demo", name: "bare", title: "" },
  ]);
  expect(titled).toMatchObject({ label: "demo/order", summary: "Take an order" });
  expect(plain?.summary).toBe("Workflow");
});
