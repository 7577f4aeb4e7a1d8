import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DraftSaver, SAVE_PAUSE } from "./saving";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setUp() {
  const sent: [string, number | null][] = [];
  const waiting: { resolve: (revision: number) => void; reject: (error: unknown) => void }[] = [];
  const saver = new DraftSaver(
    {
      save: (text, revision) => {
        sent.push([text, revision]);
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      isConflict: (error) => error === "conflict",
    },
    "a",
    null,
  );
  const pass = async (milliseconds = SAVE_PAUSE) => vi.advanceTimersByTimeAsync(milliseconds);
  return { saver, sent, waiting, pass };
}

test("what is written quickly is saved once, some time after the last change", async () => {
  const { saver, sent, waiting, pass } = setUp();
  saver.change("ab");
  await pass(SAVE_PAUSE - 1);
  saver.change("abc");
  expect(saver.state.kind).toBe("changed");
  await pass(SAVE_PAUSE - 1);
  expect(sent).toEqual([]);
  await pass(1);
  expect(sent).toEqual([["abc", null]]);
  expect(saver.state.kind).toBe("saving");
  waiting[0]?.resolve(7);
  await pass(0);
  expect(saver.state.kind).toBe("saved");
  saver.change("abcd");
  await pass();
  expect(sent[1]).toEqual(["abcd", 7]);
});

test("what is written while it is saved waits for the revision", async () => {
  const { saver, sent, waiting, pass } = setUp();
  saver.change("ab");
  await pass();
  saver.change("abc");
  await pass();
  expect(sent).toHaveLength(1);
  waiting[0]?.resolve(1);
  await pass(0);
  expect(sent[1]).toEqual(["abc", 1]);
  waiting[1]?.resolve(2);
  await pass(0);
  expect(saver.state.kind).toBe("saved");
  expect(saver.revision).toBe(2);
});

test("what is as it was needs no saving", async () => {
  const { saver, sent, pass } = setUp();
  saver.change("ab");
  saver.change("a");
  expect(saver.state.kind).toBe("saved");
  await pass();
  expect(sent).toEqual([]);
});

test("nothing is sent over what somebody else has saved, until the person has decided", async () => {
  const { saver, sent, waiting, pass } = setUp();
  saver.change("mine");
  await pass();
  waiting[0]?.reject("conflict");
  await pass(0);
  expect(saver.state.kind).toBe("conflict");
  saver.change("mine, longer");
  await pass(60_000);
  expect(await saver.flush()).toBe(false);
  expect(sent).toHaveLength(1);
  saver.resume("both", "theirs", 9);
  await pass();
  expect(sent[1]).toEqual(["both", 9]);
});

test("what could not be saved is kept, and sent with the next change or when asked", async () => {
  const { saver, sent, waiting, pass } = setUp();
  saver.change("ab");
  await pass();
  waiting[0]?.reject(new Error("no server"));
  await pass(0);
  expect(saver.state.kind).toBe("failed");
  const flushed = saver.flush();
  await pass(0);
  expect(sent[1]).toEqual(["ab", null]);
  waiting[1]?.resolve(1);
  expect(await flushed).toBe(true);
});
