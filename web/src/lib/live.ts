/**
 * The live stream of all runs: one for each tab, shared by everything that is shown.
 *
 * The browser's `EventSource` resumes with the id of the last event after a cut. Where it gives up (an answer that is
 * no stream, such as 503 from a proxy), this opens it again from the same place, with growing pauses.
 */

/** That a run has moved; see `RunChange` of the server. */
export interface RunChange {
  run_id: string;
  namespace: string;
  name: string;
  version: string;
  seq: number;
  type: string;
  status: string;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
  parent_run_id: string | null;
  waits_until: string | null;
}

/** `reset`: it cannot be told what was missed, so that lists are to be read anew. */
export type LiveNews = { kind: "change"; change: RunChange } | { kind: "reset" };
export type LiveState = "connecting" | "live" | "lost";
type Open = (address: string) => EventSource;

const ADDRESS = "/api/v1/events";
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

export class LiveStream {
  private readonly listeners = new Set<(news: LiveNews) => void>();
  private readonly stateListeners = new Set<() => void>();
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = SHORTEST_PAUSE;
  private lastId = "";
  private readonly open: Open;
  state: LiveState = "connecting";

  constructor(open: Open = (address) => new EventSource(address)) {
    this.open = open;
  }

  /** Begins to listen; calling it again does nothing. */
  start(): void {
    if (this.source !== null || this.timer !== undefined) return;
    this.connect();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.source?.close();
    this.source = null;
    this.lastId = "";
    this.setState("connecting");
  }

  /** Calls `listener` with everything that happens, until what it returns is called. */
  subscribe(listener: (news: LiveNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` when `state` changes, until what it returns is called. */
  subscribeState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  private connect(): void {
    const source = this.open(this.lastId === "" ? ADDRESS : `${ADDRESS}?after=${this.lastId}`);
    this.source = source;
    // What was read before the stream stood may be out of date already, and nobody was told.
    let isFresh = this.lastId === "";
    source.onopen = () => {
      this.pause = SHORTEST_PAUSE;
      this.setState("live");
      if (isFresh) this.tell({ kind: "reset" });
      isFresh = false;
    };
    source.onerror = () => {
      this.setState("lost");
      if (source.readyState === EventSource.CLOSED) this.connectLater();
    };
    source.addEventListener("run", (event) => {
      this.lastId = event.lastEventId;
      this.tell({ kind: "change", change: JSON.parse(event.data) as RunChange });
    });
    source.addEventListener("reset", (event) => {
      this.lastId = event.lastEventId;
      this.tell({ kind: "reset" });
    });
  }

  private connectLater(): void {
    this.source?.close();
    this.source = null;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.connect();
    }, this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private tell(news: LiveNews): void {
    for (const listener of this.listeners) listener(news);
  }

  private setState(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}
