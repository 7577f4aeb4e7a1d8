// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { focusPage, keepFocus } from "./focus";

let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = `
    <div id="root"><main id="content" tabindex="-1"><h1>Page</h1>
      <section id="list"><ul><li id="row"><button id="delete">Delete</button></li></ul></section>
      <button id="more">More</button>
    </main></div>
    <div id="dialog"><button id="yes">Yes</button></div>`;
  stop = keepFocus(find("root"));
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const find = (id: string) => document.getElementById(id) as HTMLButtonElement;

/** Lets the observer be told, and its grace pass. */
async function settle() {
  await Promise.resolve();
  vi.advanceTimersByTime(100);
}

test("after a row is deleted, the list that it stood in has the focus", async () => {
  find("delete").focus();
  find("row").remove();
  await settle();
  expect(document.activeElement).toBe(find("list"));
});

test("where a dialog has deleted the row that opened it, the list has the focus, too", async () => {
  find("delete").focus();
  find("yes").focus();
  find("row").remove();
  find("dialog").remove();
  await settle();
  expect(document.activeElement).toBe(find("list"));
});

test("a button that could not be pressed for a while has the focus again", async () => {
  find("more").focus();
  find("more").blur(); // as browsers do with what is disabled
  find("more").disabled = true;
  await settle();
  expect(document.activeElement).toBe(document.body);
  find("more").disabled = false;
  await settle();
  expect(document.activeElement).toBe(find("more"));
});

test("who points at something else keeps no focus", async () => {
  find("delete").focus();
  find("list").dispatchEvent(new Event("pointerdown", { bubbles: true }));
  find("row").remove();
  await settle();
  expect(document.activeElement).toBe(document.body);
});

test("where the focus is already is not changed", async () => {
  find("delete").focus();
  find("row").remove();
  find("more").focus();
  await settle();
  expect(document.activeElement).toBe(find("more"));
});

test("a page that was gone to has the focus", () => {
  focusPage();
  expect(document.activeElement).toBe(find("content"));
});
