import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunView } from "@/api/schema";
import { takingChanges } from "@/lib/following";
import { LiveStream, type RunChange } from "@/lib/live";
import { changeRun } from "@/lib/runChanges";
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
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const stop = followRuns(stream, queryClient);
  const tell = (type: string, change: Partial<RunChange> = {}) =>
    sources[0]?.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(change), lastEventId: "1" }));
  /** Shows a query, of which each reading takes so long and gives what `give` does. */
  const show = (queryKey: string[], { takes = 0, meta = {}, give = (): unknown => "read" } = {}) => {
    const read = vi.fn(async () => {
      const given = give();
      await new Promise((resolve) => setTimeout(resolve, takes));
      return given;
    });
    const observer = new QueryObserver(queryClient, { queryKey, queryFn: read, meta });
    observer.subscribe(() => {});
    return { read, now: () => observer.getCurrentResult().data };
  };
  const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis);
  return { queryClient, stop, tell, show, pass };
}

test("many changes are one reading of lists a second, and the last is not forgotten", async () => {
  const { stop, tell, show, pass } = setUp();
  const { read } = show(["runs", "list"]);
  await pass(1);
  for (let number = 0; number < 500; number++) tell("run", { run_id: `r${number}` });
  await pass(10);
  expect(read).toHaveBeenCalledTimes(2);
  await pass(1000);
  expect(read).toHaveBeenCalledTimes(3);
  await pass(10_000);
  expect(read).toHaveBeenCalledTimes(3);
  stop();
  tell("run", { run_id: "r" });
  await pass(10_000);
  expect(read).toHaveBeenCalledTimes(3);
});

test("a reading that takes long is not broken off by what comes, and is repeated after it", async () => {
  const { tell, show, pass } = setUp();
  const list = show(["runs", "list"], { takes: 3000 });
  for (let count = 0; count < 25; count++) {
    tell("run", { run_id: "r" });
    await pass(100);
  }
  expect(list.read).toHaveBeenCalledTimes(1);
  await pass(600);
  expect(list.now()).toBe("read");
  await pass(1);
  expect(list.read).toHaveBeenCalledTimes(2);
});

test("a run that is shown is read anew, its steps sooner than the rest; others are not", async () => {
  const { tell, show, pass } = setUp();
  const [tasks, why] = [show(["run", "shown", "tasks"], { meta: { isClose: true } }), show(["run", "shown", "why"])];
  const other = show(["run", "other", "tasks"]);
  await pass(1);
  for (let count = 0; count < 9; count++) {
    tell("run", { run_id: "shown" });
    await pass(50);
  }
  expect(tasks.read.mock.calls.length).toBeGreaterThan(4);
  expect(why.read).toHaveBeenCalledTimes(2);
  await pass(5000);
  expect(why.read).toHaveBeenCalledTimes(3);
  expect(other.read).toHaveBeenCalledTimes(1);
});

const view = (status: string, second: number) =>
  ({ run_id: "r", status, updated_at: `2026-11-21T10:00:0${second}Z`, ended_at: null, waits_until: null }) as RunView;
const meta = takingChanges<RunView>((run, changes) => changeRun(run, changes.get(run.run_id)));
const told = (status: string, second: number) => ({ ...view(status, second), run_id: "r" }) as unknown as RunChange;

test("a change is shown before anything is read, and what was asked for before it does not undo it", async () => {
  const { tell, show, pass } = setUp();
  const list = show(["runs", "list"], { meta, takes: 300, give: () => view("running", 1) });
  await pass(400);
  tell("run", told("waiting", 2)); // this begins a reading, which knows of this one only
  await pass(100);
  expect(list.now()).toMatchObject({ status: "waiting" });
  tell("run", told("completed", 3));
  await pass(60);
  expect(list.now()).toMatchObject({ status: "completed" });
  await pass(300);
  expect(list.read).toHaveBeenCalledTimes(2);
  expect(list.now()).toMatchObject({ status: "completed" });
});

test("where it is not known what was missed, everything about runs is read anew", async () => {
  const { tell, show, pass } = setUp();
  const [list, run] = [show(["runs", "list"]), show(["run", "r", "tasks"])];
  await pass(1);
  tell("reset");
  await pass(1);
  expect(list.read).toHaveBeenCalledTimes(2);
  expect(run.read).toHaveBeenCalledTimes(2);
});
