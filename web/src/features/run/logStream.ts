/** A run's log as it is written: all lines from the first, then each as it comes, over cuts of the connection. */
import type { LogLine } from "@/api/schema";
import { addLines } from "./logModel";

const FLUSH_MILLIS = 150;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

export type LogState = "reading" | "following" | "lost" | "ended";
type Open = (address: string) => EventSource;

export class LogStream {
  lines: LogLine[] = [];
  state: LogState = "reading";
  private waiting: LogLine[] = [];
  private last = 0;
  private source: EventSource | null = null;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private openTimer: ReturnType<typeof setTimeout> | undefined;
  private pause = SHORTEST_PAUSE;
  private version = 0;
  private readonly listeners = new Set<() => void>();
  private readonly address: string;
  private readonly open: Open;

  constructor(runId: string, open: Open = (address) => new EventSource(address)) {
    this.address = `/api/v1/runs/${encodeURIComponent(runId)}/log/events`;
    this.open = open;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getVersion = (): number => this.version;

  /** Begins to read, or to read on after the log has ended once. */
  start(): void {
    if (this.source || this.openTimer !== undefined) return;
    this.state = this.last === 0 ? "reading" : "following";
    this.connect();
  }

  stop(): void {
    clearTimeout(this.openTimer);
    clearTimeout(this.flushTimer);
    this.openTimer = undefined;
    this.flushTimer = undefined;
    this.source?.close();
    this.source = null;
    this.flush();
  }

  private connect(): void {
    const source = this.open(`${this.address}?after=${this.last}`);
    this.source = source;
    source.onopen = () => {
      this.pause = SHORTEST_PAUSE;
      this.setState("following");
    };
    source.addEventListener("line", (event) => {
      const line = JSON.parse(event.data) as LogLine;
      this.last = Math.max(this.last, line.seq ?? 0);
      this.waiting.push(line);
      this.flushTimer ??= setTimeout(() => {
        this.flushTimer = undefined;
        this.flush();
      }, FLUSH_MILLIS);
    });
    source.addEventListener("end", () => {
      source.close();
      this.source = null;
      this.flush();
      this.setState("ended");
    });
    source.onerror = () => {
      this.setState("lost");
      if (source.readyState === EventSource.CLOSED) this.connectLater();
    };
  }

  private connectLater(): void {
    this.source?.close();
    this.source = null;
    this.openTimer = setTimeout(() => {
      this.openTimer = undefined;
      this.connect();
    }, this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    this.lines = addLines(this.lines, this.waiting);
    this.waiting = [];
    this.tell();
  }

  private setState(state: LogState): void {
    if (state === this.state) return;
    this.state = state;
    this.tell();
  }

  private tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
