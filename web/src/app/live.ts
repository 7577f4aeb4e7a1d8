/** The tab's live stream, and what it does to what has been read: lists and pages of runs follow it by themselves. */
import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";
import { type LiveNews, LiveStream, type RunChange } from "@/lib/live";
import type { RunChanges } from "@/lib/runChanges";
import { Throttle } from "@/lib/throttle";

export const liveStream = new LiveStream();

/** What is told is put onto the screen at once, and then at most so often (in milliseconds), however much happens. */
const SHOW_PAUSE = 50;
/** Lists are read anew at most so often; so is what of a run's page is not looked at step by step. */
const LIST_PAUSE = 1000;
const RUN_PAUSE = 500;
/** A run's tasks and history. */
const STEP_PAUSE = 80;
/** A change is remembered so long: what was asked for before it may arrive after it. */
const MEMORY = 5000;
/** The longest that a reading is waited for before the next one. */
const PATIENCE = 10_000;

/**
 * Lets what has been read follow what happens. Queries say by their keys what they show: `["runs", ...]` for anything
 * about many runs, `["run", id, ...]` for anything about one; and by `meta` how they follow (see lib/following). What a
 * change makes out of date is read anew, after it has been shown as far as the change itself says it.
 *
 * Returns a function that ends it.
 */
export function followRuns(stream: LiveStream, queryClient: QueryClient): () => void {
  const showing = new Showing(queryClient);
  const lists = new Throttle(LIST_PAUSE, () => reread(queryClient, { queryKey: ["runs"] }));
  const steps = new RunThrottle(queryClient, STEP_PAUSE, isClose);
  const rest = new RunThrottle(queryClient, RUN_PAUSE, (query) => !isClose(query));
  const take = (news: LiveNews) => {
    lists.call();
    if (news.kind === "reset") {
      void queryClient.invalidateQueries({ queryKey: ["run"] });
      return;
    }
    showing.take(news.change);
    if (queryClient.getQueryCache().find({ queryKey: ["run", news.change.run_id], exact: false })) {
      steps.note(news.change.run_id);
      rest.note(news.change.run_id);
    }
  };
  const unsubscribe = stream.subscribe(take);
  return () => {
    unsubscribe();
    for (const each of [showing, lists, steps, rest]) each.stop();
  };
}

function isClose(query: Query): boolean {
  return query.meta?.isClose === true;
}

/** Puts changes into what has been read, many at once. */
class Showing {
  private readonly known = new Map<string, RunChange & { came: number }>();
  private readonly fresh = new Map<string, RunChange>();
  private readonly throttle = new Throttle(SHOW_PAUSE, () => {
    this.show();
    return undefined;
  });
  private readonly unsubscribe: () => void;
  private readonly queryClient: QueryClient;

  constructor(queryClient: QueryClient) {
    this.queryClient = queryClient;
    // What was just read may have been asked for before a change that has been shown already.
    this.unsubscribe = queryClient.getQueryCache().subscribe((event) => {
      if (event.type === "updated" && event.action.type === "success" && !event.action.manual) {
        this.put(event.query, this.known);
      }
    });
  }

  take(change: RunChange): void {
    this.fresh.set(change.run_id, change);
    this.throttle.call();
  }

  stop(): void {
    this.throttle.stop();
    this.unsubscribe();
  }

  private show(): void {
    const now = Date.now();
    for (const [id, { came }] of this.known) if (came < now - MEMORY) this.known.delete(id);
    for (const [id, change] of this.fresh) this.known.set(id, { ...change, came: now });
    const changes = new Map(this.fresh);
    this.fresh.clear();
    for (const query of this.queryClient.getQueryCache().getAll()) if (query.isActive()) this.put(query, changes);
  }

  private put(query: Query, changes: RunChanges): void {
    const { data, dataUpdatedAt } = query.state;
    if (data === undefined || changes.size === 0 || !query.meta?.takeChanges) return;
    const changed = query.meta.takeChanges(data, changes);
    if (changed !== data) this.queryClient.setQueryData(query.queryKey, changed, { updatedAt: dataUpdatedAt });
  }
}

/** Reads anew what is shown of runs that have moved. */
class RunThrottle {
  private readonly moved = new Set<string>();
  private readonly throttle: Throttle;

  constructor(queryClient: QueryClient, pause: number, predicate: (query: Query) => boolean) {
    this.throttle = new Throttle(pause, async () => {
      const ids = [...this.moved];
      this.moved.clear();
      const found = await Promise.all(ids.map((id) => reread(queryClient, { queryKey: ["run", id], predicate })));
      for (const id of ids.filter((_, index) => found[index])) this.moved.add(id);
      return this.moved.size > 0;
    });
  }

  note(runId: string): void {
    this.moved.add(runId);
    this.throttle.call();
  }

  stop(): void {
    this.throttle.stop();
  }
}

/**
 * Reads queries anew, and waits for that. What is being read already is not broken off: where much happens it would
 * never be done. Returns whether there was such, so that the last change may not be in it.
 */
async function reread(queryClient: QueryClient, filters: QueryFilters): Promise<boolean> {
  const wasReading = queryClient.isFetching(filters) > 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  await Promise.race([queryClient.invalidateQueries(filters, { cancelRefetch: false }), patience]);
  clearTimeout(timer);
  return wasReading;
}
