import { beforeEach, expect, test } from "vitest";
import type { LogLine } from "@/api/schema";
import { LogWindow, MOST, PAGE, type PageRequest } from "./logWindow";

function line(seq: number, text = seq % 10 === 0 ? "needle" : "hay"): LogLine {
  const at = new Date(Date.UTC(2026, 0, 1) + seq).toISOString();
  return { seq, at, text, stream: "stdout", reference: "/do/0/a", entry: 1, attempt: 1 };
}

/** A server whose every answer looks at 1,000 lines at most. */
class Server {
  lines: LogLine[] = [];
  requests: PageRequest[] = [];

  read = async (request: PageRequest) => {
    this.requests.push(request);
    const { after = 0, before, limit, text = "" } = request;
    const isMeant = (each: LogLine) => each.text.includes(text);
    if (before !== undefined) {
      const end = Math.min(before - 1, this.lines.length);
      const begin = Math.max(0, end - 1000);
      const found = this.lines.slice(begin, end).filter(isMeant);
      const items = found.slice(-limit);
      const next = found.length > limit ? items[0]?.seq : begin > 0 ? begin + 1 : null;
      return { items, next: next == null ? null : String(next) };
    }
    const stop = Math.min(after + 1000, this.lines.length);
    const found = this.lines.slice(after, stop).filter(isMeant);
    const items = found.slice(0, limit);
    const next = found.length > limit ? items.at(-1)?.seq : stop < this.lines.length ? stop : null;
    return { items, next: next == null ? null : String(next) };
  };
}

class Source extends EventTarget {
  static opened: Source[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  address: string;
  isClosed = false;

  constructor(address: string) {
    super();
    this.address = address;
    Source.opened.push(this);
  }

  close() {
    this.isClosed = true;
  }
}

let server: Server;

function look(text = "") {
  const open = (address: string) => new Source(address) as unknown as EventSource;
  return new LogWindow({ runId: "r", query: text ? { text } : {}, read: server.read, open });
}

const numbers = (window: LogWindow) => window.lines.map((each) => each.seq);
const span = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

beforeEach(() => {
  server = new Server();
  server.lines = span(1, 10_000).map((seq) => line(seq));
  Source.opened = [];
});

test("the end of a log comes first, and earlier lines when they are wanted", async () => {
  const window = look();
  await window.begin("end");
  expect(numbers(window)).toEqual(span(10_001 - PAGE, 10_000));
  expect(Source.opened[0]?.address).toContain("after=10000");
  await window.loadEarlier();
  expect(numbers(window)).toEqual(span(10_001 - 2 * PAGE, 10_000));
  expect(window.added).toBe(2 * PAGE);
});

test("all of it can be walked through, from either end, and no more is held than may be", async () => {
  const window = look();
  await window.begin("beginning");
  const seen = new Set(numbers(window));
  while (window.after !== null) {
    await window.loadLater();
    for (const seq of numbers(window)) seen.add(seq);
    expect(window.lines.length).toBeLessThanOrEqual(MOST);
  }
  expect(seen.size).toBe(10_000);
  expect(Source.opened).toHaveLength(1);
  while (window.before !== null) await window.loadEarlier();
  expect(numbers(window)).toEqual(span(1, MOST));
  expect(window.after).toBe(MOST);
  expect(Source.opened[0]?.isClosed).toBe(true);
  while (window.after !== null) await window.loadLater();
  expect(window.lines.at(-1)?.seq).toBe(10_000);
  expect(Source.opened).toHaveLength(2);
});

test("what is rare is sought as far as needed, and it is said how far", async () => {
  server.lines[41] = line(42, "the one");
  const window = look("the one");
  const places: number[] = [];
  window.subscribe(() => window.reading && places.push(window.reading.at));
  await window.begin("end");
  expect(numbers(window)).toEqual([42]);
  expect(window.before).toBeNull();
  expect(places.filter((place) => place > 0)).toEqual([10_001, 9001, 8001, 7001, 6001, 5001, 4001, 3001, 2001, 1001]);
});

test("who types on ends the search", async () => {
  const window = look("nothing like this");
  const begun = window.begin("beginning");
  await Promise.resolve();
  window.stop();
  await begun;
  expect(server.requests.length).toBeLessThan(3);
});

test("lines that are written come after those that are there", async () => {
  const window = look("needle");
  await window.begin("beginning");
  while (window.after !== null) await window.loadLater();
  expect(window.lines).toHaveLength(1000);
  const source = Source.opened[0];
  expect(source?.address).toContain("text=needle");
  const tell = (seq: number) =>
    source?.dispatchEvent(new MessageEvent("line", { data: JSON.stringify(line(seq, "needle")) }));
  tell(10_000);
  tell(10_010);
  source?.dispatchEvent(new Event("end"));
  expect(numbers(window).slice(-2)).toEqual([10_000, 10_010]);
  expect(window.tail).toBe("ended");
});

test("a refusal is told, and reading begins anew", async () => {
  const window = look();
  const { read } = server;
  server.read = () => Promise.reject(new Error("no"));
  const failing = look();
  await failing.begin("end");
  expect(failing.error?.message).toBe("no");
  server.read = read;
  await window.begin("end");
  expect(window.error).toBeNull();
});
