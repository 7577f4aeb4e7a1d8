import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Throttle } from "./throttle";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("it works at once, once a pause, and does not forget the last call", () => {
  const work = vi.fn(() => undefined);
  const throttle = new Throttle(100, work);
  for (let count = 0; count < 50; count++) throttle.call();
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(100);
  expect(work).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(work).toHaveBeenCalledTimes(2);
  throttle.call();
  expect(work).toHaveBeenCalledTimes(3);
});

test("work that takes longer than the pause is waited for", async () => {
  const done: ((again: boolean) => void)[] = [];
  const throttle = new Throttle(100, () => new Promise<boolean>((resolve) => done.push(resolve)));
  throttle.call();
  throttle.call();
  await vi.advanceTimersByTimeAsync(1000);
  expect(done).toHaveLength(1);
  done[0]?.(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toHaveLength(2);
  done[1]?.(true); // it says itself that it is needed once more
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toHaveLength(3);
  done[2]?.(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(done).toHaveLength(3);
});

test("what was stopped does nothing any more", () => {
  const work = vi.fn(() => undefined);
  const throttle = new Throttle(100, work);
  throttle.call();
  throttle.call();
  throttle.stop();
  vi.advanceTimersByTime(1000);
  throttle.call();
  expect(work).toHaveBeenCalledTimes(1);
});
