import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ReceivedEvent } from "@/api/schema";
import { setText } from "@/ui/values/draft";
import { filtersOf, isFiltered, readEventsSearch } from "./address";
import { addArrived, isAskedFor } from "./arrivals";
import { EventTail, type TailState } from "./eventTail";
import { beginEvent, canSend, checkEvent, makeEvent } from "./sending";
import { makeCliCommand, makeCurlCommand, readVia } from "./words";

function event(position: number, more: Partial<ReceivedEvent> = {}): ReceivedEvent {
  const base = { namespace: "shop", id: String(position), source: "/till", type: "paid", subject: null };
  return { ...base, position, arrived_at: "2026-11-22T00:00:00Z", via: "api/p1", ...more };
}

test("an address says by what the list is filtered; what is none of it is left out", () => {
  const search = readEventsSearch({ namespace: " shop ", id: 7, live: "true", event: "12", other: 1, type: "" });
  expect(search).toEqual({ namespace: "shop", id: "7", live: true, event: 12 });
  expect(filtersOf(search)).toEqual({ namespace: "shop", id: "7" });
  expect(readEventsSearch({ event: -1, live: "no", source: {} })).toEqual({});
  expect(isFiltered({})).toBe(false);
  expect(isFiltered({ via: "run/1" })).toBe(true);
});

test("how an event came is told apart", () => {
  expect(readVia("run/01abc")).toEqual({ kind: "run", name: "01abc" });
  expect(readVia("connection/a/b")).toEqual({ kind: "connection", name: "a/b" });
  expect(readVia("trigger/x")).toEqual({ kind: "other", name: "trigger/x" });
});

test("the commands name the namespace that is looked at", () => {
  expect(makeCliCommand("shop")).toContain("--namespace shop ");
  expect(makeCliCommand("$(reboot)")).toContain("--namespace default ");
  expect(makeCurlCommand("https://k.example", "shop")).toContain("https://k.example/api/v1/namespaces/shop/events");
});

test("what arrives comes to the top, each once and in order", () => {
  const pages = [
    { items: [event(5), event(3)], next: "3" },
    { items: [event(1)], next: null },
  ];
  const [first, second] = addArrived(pages, [event(6), event(5), event(8)]);
  expect(first?.items.map((each) => each.position)).toEqual([8, 6, 5, 3]);
  expect(first?.next).toBe("3");
  expect(second).toBe(pages[1]);
  expect(addArrived(pages, [event(5)])).toBe(pages);
  expect(addArrived([], [event(5)])).toEqual([]);
});

test("a filter asks for whole texts", () => {
  expect(isAskedFor(event(1, { subject: "a" }), { subject: "a", type: "paid" })).toBe(true);
  expect(isAskedFor(event(1), { subject: "a" })).toBe(false);
  expect(isAskedFor(event(1), { type: "pai" })).toBe(false);
});

describe("an event that is written", () => {
  const written = { ...beginEvent("shop"), type: " paid ", data: setText(beginEvent("").data, '{"order": 1}') };

  test("is sent as it is written, with an id", () => {
    expect(canSend(written)).toBe(true);
    expect(makeEvent(written, "i")).toEqual({
      specversion: "1.0",
      id: "i",
      type: "paid",
      source: "/kapell/console",
      datacontenttype: "application/json",
      data: { order: 1 },
    });
    expect(makeEvent({ ...beginEvent("shop"), subject: "s" }, "i")).not.toHaveProperty("data");
  });

  test("is not sent while something is missing or wrong", () => {
    expect(checkEvent(beginEvent(""))).toEqual({
      namespace: expect.stringContaining("whose"),
      type: expect.stringContaining("what happened"),
    });
    expect(checkEvent({ ...written, source: "the till" }).source).toContain("no URI");
    expect(canSend({ ...written, data: setText(written.data, "{") })).toBe(false);
  });
});

class FakeSource extends EventTarget {
  static opened: FakeSource[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly address: string;

  constructor(address: string) {
    super();
    this.address = address;
    FakeSource.opened.push(this);
  }

  close(): void {
    this.readyState = 2;
  }

  send(received: ReceivedEvent): void {
    this.dispatchEvent(new MessageEvent("event", { data: JSON.stringify({ received, event: null }) }));
  }
}

describe("the tail", () => {
  const came: number[] = [];
  const states: TailState[] = [];

  function follow(filters: Parameters<typeof filtersOf>[0]): EventTail {
    return new EventTail({
      filters,
      after: 4,
      onEvents: (events) => came.push(...events.map((each) => each.position)),
      onState: (state) => states.push(state),
      open: (address) => new FakeSource(address) as unknown as EventSource,
    });
  }

  beforeEach(() => {
    vi.stubGlobal("EventSource", { CLOSED: 2 });
    vi.useFakeTimers();
    for (const each of [came, states, FakeSource.opened]) each.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("gives what is asked for, many at once, each once", () => {
    const tail = follow({ namespace: "shop", source: "/till" });
    const [source] = FakeSource.opened;
    expect(source?.address).toBe("/api/v1/cloud-events/stream?after=4&namespace=shop");
    source?.onopen?.();
    for (const each of [event(5), event(5), event(6, { source: "/door" }), event(7)]) source?.send(each);
    expect(came).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(came).toEqual([5, 7]);
    expect(states).toEqual(["following"]);
    tail.stop();
    expect(source?.readyState).toBe(2);
  });

  test("goes on behind the last event when the connection is gone for good", () => {
    const tail = follow({});
    const [source] = FakeSource.opened;
    source?.send(event(9));
    source?.close();
    source?.onerror?.();
    expect(states).toEqual(["lost"]);
    vi.advanceTimersByTime(500);
    expect(FakeSource.opened[1]?.address).toBe("/api/v1/cloud-events/stream?after=9");
    tail.stop();
  });
});
