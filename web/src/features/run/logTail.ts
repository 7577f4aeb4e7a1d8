/** The lines that a log gets from a place on, as they are written, over cuts of the connection. */
import type { LogLine } from "@/api/schema";
import type { LogQuery } from "./logModel";

const FLUSH_MILLIS = 150;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

export type TailState = "following" | "lost" | "ended";
export type OpenStream = (address: string) => EventSource;

interface TailOptions {
  runId: string;
  query: LogQuery;
  /** The number of the line to go on after. */
  after: number;
  onLines: (lines: LogLine[]) => void;
  onState: (state: TailState) => void;
  open?: OpenStream;
}

export class LogTail {
  private readonly options: TailOptions;
  private waiting: LogLine[] = [];
  private last: number;
  private source: EventSource | null = null;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private openTimer: ReturnType<typeof setTimeout> | undefined;
  private pause = SHORTEST_PAUSE;

  constructor(options: TailOptions) {
    this.options = options;
    this.last = options.after;
    this.connect();
  }

  stop(): void {
    clearTimeout(this.openTimer);
    clearTimeout(this.flushTimer);
    this.source?.close();
    this.source = null;
    this.waiting = [];
  }

  private connect(): void {
    const { runId, query, open = (address: string) => new EventSource(address), onState } = this.options;
    const parameters = new URLSearchParams({ after: String(this.last), ...query });
    const source = open(`/api/v1/runs/${encodeURIComponent(runId)}/log/events?${parameters}`);
    this.source = source;
    source.onopen = () => {
      this.pause = SHORTEST_PAUSE;
      onState("following");
    };
    source.addEventListener("line", (event) => {
      const line = JSON.parse(event.data) as LogLine;
      const seq = line.seq ?? 0;
      if (seq <= this.last) return;
      this.last = seq;
      this.waiting.push(line);
      this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MILLIS);
    });
    source.addEventListener("end", () => {
      source.close();
      this.source = null;
      this.flush();
      onState("ended");
    });
    source.onerror = () => {
      onState("lost");
      if (source.readyState === EventSource.CLOSED) this.connectLater();
    };
  }

  private connectLater(): void {
    this.source?.close();
    this.source = null;
    this.openTimer = setTimeout(() => this.connect(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.waiting.length === 0) return;
    const lines = this.waiting;
    this.waiting = [];
    this.options.onLines(lines);
  }
}
