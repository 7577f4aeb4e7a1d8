/**
 * A window on a run's log: some consecutive lines of those that a filter lets through. The server has them all: earlier
 * and later ones are read when they are wanted, and at the end of the log the window grows as lines are written.
 */
import type { LogLine } from "@/api/schema";
import { isFilter, type LogQuery } from "./logModel";
import { LogTail, type OpenStream, type TailState } from "./logTail";

export interface LogPage {
  items: LogLine[];
  next?: string | null;
}

export interface PageRequest extends LogQuery {
  after?: number;
  before?: number;
  limit: number;
}

export type ReadPage = (request: PageRequest, signal: AbortSignal) => Promise<LogPage>;

/** So many lines are read at once, */
export const PAGE = 300;
/** and so many are held; those at the other end are let go, and read again when they are wanted. */
export const MOST = 6_000;

interface WindowOptions {
  runId: string;
  query: LogQuery;
  read: ReadPage;
  open?: OpenStream;
}

export class LogWindow {
  lines: LogLine[] = [];
  /** How many lines were put before those that were there, in all: who looks at a line goes on looking at it. */
  added = 0;
  /** Before which line there is more; null at the beginning of the log. */
  before: number | null = null;
  /** After which line there is more; null at the end of the log. */
  after: number | null = null;
  /** The number of the log's last line, as far as that is known. */
  last = 0;
  /** What is being read, and how far it was looked. */
  reading: { direction: "earlier" | "later"; at: number } | null = null;
  tail: TailState | null = null;
  error: Error | null = null;
  private readonly options: WindowOptions;
  private stream: LogTail | null = null;
  private abort = new AbortController();
  private version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(options: WindowOptions) {
    this.options = options;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getVersion = (): number => this.version;

  get isFiltered(): boolean {
    return isFilter(this.options.query);
  }

  /** Begins anew at the first lines of the log, or at its last ones. */
  async begin(where: "beginning" | "end"): Promise<void> {
    this.stop();
    this.abort = new AbortController();
    Object.assign(this, { lines: [], added: 0, before: null, after: null, error: null, reading: null });
    const { signal } = this.abort;
    this.reading = { direction: where === "end" ? "earlier" : "later", at: 0 };
    this.tell();
    try {
      const end = await this.options.read({ before: Number.MAX_SAFE_INTEGER, limit: 1 }, signal);
      if (signal.aborted) return;
      this.last = end.items[0]?.seq ?? 0;
    } catch (error) {
      this.fail(error, signal);
      return;
    }
    this.reading = null;
    if (where === "beginning") {
      this.after = 0;
      await this.loadLater();
      return;
    }
    this.before = this.last + 1;
    this.follow(this.last);
    await this.loadEarlier();
  }

  /** Reads lines before those that are there, until there is a page more of them or the log begins. */
  async loadEarlier(): Promise<void> {
    await this.load("earlier");
  }

  /** Reads lines after those that are there, until there is a page more of them or the log ends. */
  async loadLater(): Promise<void> {
    await this.load("later");
  }

  /** Takes what is written on, after a stop. */
  resume(): void {
    this.abort = new AbortController();
    this.reading = null;
    if (this.after === null) this.follow(this.lines.at(-1)?.seq ?? this.last);
  }

  /** Reads nothing more, for now. */
  stop(): void {
    this.abort.abort();
    this.stream?.stop();
    this.stream = null;
    this.tail = null;
  }

  private async load(direction: "earlier" | "later"): Promise<void> {
    if (this.reading || this.error) return;
    const { signal } = this.abort;
    for (let found = 0; found < PAGE && !signal.aborted; ) {
      const from = direction === "earlier" ? this.before : this.after;
      if (from === null) break;
      this.reading = { direction, at: from };
      this.tell();
      try {
        const place = direction === "earlier" ? { before: from } : { after: from };
        const page = await this.options.read({ ...this.options.query, ...place, limit: PAGE - found }, signal);
        if (signal.aborted) return;
        found += page.items.length;
        if (direction === "earlier") this.prepend(page);
        else this.append(page, from);
      } catch (error) {
        this.fail(error, signal);
        return;
      }
    }
    if (signal.aborted) return;
    this.reading = null;
    this.tell();
  }

  private prepend({ items, next }: LogPage): void {
    this.before = next ? Number(next) : null;
    this.added += items.length;
    this.lines = items.concat(this.lines);
    if (this.lines.length <= MOST) return;
    this.lines = this.lines.slice(0, MOST);
    this.after = this.lines.at(-1)?.seq ?? 0;
    this.stream?.stop();
    this.stream = null;
    this.tail = null;
  }

  private append({ items, next }: LogPage, from: number): void {
    this.after = next ? Number(next) : null;
    this.grow(items);
    if (this.after === null) this.follow(items.at(-1)?.seq ?? from);
  }

  private grow(items: LogLine[]): void {
    const lines = this.lines.concat(items);
    this.last = Math.max(this.last, lines.at(-1)?.seq ?? 0);
    // A quarter is let go at once, so that this is seldom done.
    const dropped = lines.length > MOST ? lines.length - MOST * 0.75 : 0;
    this.lines = lines.slice(dropped);
    this.added -= dropped;
    if (dropped > 0) this.before = this.lines[0]?.seq ?? null;
  }

  /** Takes the lines that are written from now on; a look at the past has no such lines. */
  private follow(after: number): void {
    if (this.options.query.until) return;
    const { runId, query, open } = this.options;
    this.stream = new LogTail({
      runId,
      query,
      after,
      open,
      onLines: (lines) => {
        this.grow(lines);
        this.tell();
      },
      onState: (state) => {
        this.tail = state;
        this.tell();
      },
    });
  }

  private fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.error = error as Error;
    this.reading = null;
    this.tell();
  }

  private tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
