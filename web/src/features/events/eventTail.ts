/** The events that arrive behind a position, over cuts of the connection. */
import type { ReceivedEvent } from "@/api/schema";
import { type EventFilters, isFiltered } from "./address";
import { isAskedFor } from "./arrivals";

const FLUSH_MILLIS = 200;
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

export type TailState = "connecting" | "following" | "lost";

interface TailOptions {
  filters: EventFilters;
  /** The position to go on after. */
  after: number;
  onEvents: (events: ReceivedEvent[]) => void;
  onState: (state: TailState) => void;
  open?: (address: string) => EventSource;
}

export class EventTail {
  private readonly options: TailOptions;
  private waiting: ReceivedEvent[] = [];
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
    const { filters, open = (address: string) => new EventSource(address), onState } = this.options;
    const { namespace, type } = filters;
    const parameters = new URLSearchParams({
      after: String(this.last),
      ...(namespace && { namespace }),
      ...(type && { type }),
    });
    const source = open(`/api/v1/cloud-events/stream?${parameters}`);
    this.source = source;
    source.onopen = () => {
      this.pause = SHORTEST_PAUSE;
      onState("following");
    };
    source.addEventListener("event", (message) => {
      const { received } = JSON.parse(message.data) as { received: ReceivedEvent };
      if (received.position <= this.last) return;
      this.last = received.position;
      if (isFiltered(filters) && !isAskedFor(received, filters)) return;
      this.waiting.push(received);
      this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MILLIS);
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
    this.flushTimer = undefined;
    const events = this.waiting;
    this.waiting = [];
    this.options.onEvents(events);
  }
}
