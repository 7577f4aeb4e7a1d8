import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveStream, type RunChange } from "@/lib/live";
import { followRuns } from "./live";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setUp() {
  const sources: EventTarget[] = [];
  const stream = new LiveStream(() => {
    const source = new EventTarget();
    sources.push(source);
    return source as EventSource;
  });
  stream.start();
  const queryClient = new QueryClient();
  const told: unknown[] = [];
  queryClient.invalidateQueries = async (filters) => {
    told.push(filters?.queryKey);
  };
  const tell = (type: string, change: Partial<RunChange> = {}) =>
    sources[0]?.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(change), lastEventId: "1" }));
  return { stream, queryClient, told, tell };
}

test("many changes are one reading of lists a second, and the last is not forgotten", () => {
  const { stream, queryClient, told, tell } = setUp();
  const stop = followRuns(stream, queryClient);
  for (let number = 0; number < 500; number++) tell("run", { run_id: `r${number}` });
  expect(told).toEqual([["runs"]]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([["runs"], ["runs"]]);
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(2);
  stop();
  tell("run", { run_id: "r" });
  expect(told).toHaveLength(2);
});

test("a run that is shown is read anew, whatever of it is shown; others are not", () => {
  const { stream, queryClient, told, tell } = setUp();
  queryClient.setQueryData(["run", "shown", "tasks"], []);
  followRuns(stream, queryClient);
  tell("run", { run_id: "shown" });
  tell("run", { run_id: "other" });
  expect(told).toEqual([["runs"], ["run", "shown"]]);
});

test("where it is not known what was missed, everything about runs is read anew", () => {
  const { stream, queryClient, told, tell } = setUp();
  followRuns(stream, queryClient);
  tell("reset");
  expect(told).toEqual([["runs"], ["run"]]);
});
