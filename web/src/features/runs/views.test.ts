import { expect, test } from "vitest";
import { findView, putView, readViews, removeView } from "./views";

const FAULTED = { name: "Faulted", search: { status: ["faulted" as const], started_after: "-24h" } };

test("views are kept among other preferences, by name", () => {
  let preferences: Record<string, unknown> = { scheme: "dark" };
  preferences = putView(preferences, FAULTED);
  preferences = putView(preferences, { name: "Children", search: { parent: "01", bulk: "recent" } });
  expect(readViews(preferences)).toEqual([{ name: "Children", search: { parent: "01" } }, FAULTED]);
  preferences = putView(preferences, { name: "Faulted", search: { top: true } });
  expect(readViews(preferences).map((view) => view.search)).toEqual([{ parent: "01" }, { top: true }]);
  expect(removeView(preferences, "Children")).toEqual({
    scheme: "dark",
    run_views: [{ name: "Faulted", search: { top: true } }],
  });
});

test("what is no view is left out, and so are filters that are none", () => {
  const kept = [null, { name: 3, search: {} }, { name: "A" }, { name: "B", search: { top: true, odd: 1 } }];
  expect(readViews({ run_views: kept })).toEqual([{ name: "B", search: { top: true } }]);
  expect(readViews({ run_views: "text" })).toEqual([]);
  expect(readViews(undefined)).toEqual([]);
});

test("the view that an address shows is found, whatever is open beside and in whichever order it stands", () => {
  const search = { started_after: "-24h", bulk: "recent", status: ["faulted" as const] };
  expect(findView([FAULTED], search)).toBe(FAULTED);
  expect(findView([FAULTED], { ...search, view: "grid" })).toBeUndefined();
  expect(findView([FAULTED], {})).toBeUndefined();
});
