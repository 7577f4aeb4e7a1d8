import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type LiveNews, LiveStream } from "./live";

class FakeSource extends EventTarget {
  static readonly opened: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly address: string;

  constructor(address: string) {
    super();
    this.address = address;
    FakeSource.opened.push(this);
  }

  close() {
    this.readyState = 2;
  }

  send(type: string, id: number, data: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: String(id) }));
  }
}

const last = () => FakeSource.opened[FakeSource.opened.length - 1] as FakeSource;
const makeStream = () => new LiveStream((address) => new FakeSource(address) as unknown as EventSource);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", { CLOSED: 2 });
  FakeSource.opened.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a stream that the browser gave up is opened again from where it was", () => {
  const stream = makeStream();
  const news: LiveNews[] = [];
  stream.subscribe((each) => news.push(each));
  stream.start();
  stream.start();
  expect(FakeSource.opened.map((source) => source.address)).toEqual(["/api/v1/events"]);
  last().onopen?.();
  expect(stream.state).toBe("live");
  last().send("run", 41, { run_id: "a" });
  last().readyState = 2;
  last().onerror?.();
  expect(stream.state).toBe("lost");
  vi.advanceTimersByTime(500);
  expect(last().address).toBe("/api/v1/events?after=41");
  last().onerror?.(); // the browser itself tries again
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.opened).toHaveLength(2);
  last().onopen?.();
  last().send("reset", 50, {});
  expect(news).toEqual([{ kind: "reset" }, { kind: "change", change: { run_id: "a" } }, { kind: "reset" }]);
});

test("the pauses grow, up to a limit, and begin anew after a success", () => {
  const stream = makeStream();
  stream.start();
  const giveUp = () => {
    last().readyState = 2;
    last().onerror?.();
  };
  for (const pause of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = FakeSource.opened.length;
    giveUp();
    vi.advanceTimersByTime(pause - 1);
    expect(FakeSource.opened).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(FakeSource.opened).toHaveLength(before + 1);
  }
  last().onopen?.();
  const before = FakeSource.opened.length;
  giveUp();
  vi.advanceTimersByTime(500);
  expect(FakeSource.opened).toHaveLength(before + 1);
});

test("what was stopped stays stopped", () => {
  const stream = makeStream();
  const states: string[] = [];
  stream.subscribeState(() => states.push(stream.state));
  stream.start();
  last().onopen?.();
  last().readyState = 2;
  last().onerror?.();
  stream.stop();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.opened).toHaveLength(1);
  expect(states).toEqual(["live", "lost", "connecting"]);
});

test("what happened before the stream stood is not missed, and is asked for once", () => {
  const stream = makeStream();
  const news: LiveNews[] = [];
  stream.subscribe((each) => news.push(each));
  stream.start();
  expect(news).toEqual([]);
  last().onopen?.();
  last().onerror?.();
  last().onopen?.();
  expect(news).toEqual([{ kind: "reset" }]);
});
