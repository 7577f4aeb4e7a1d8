/** The tab's live stream, and what it does to what has been read: lists and pages of runs follow it by themselves. */
import type { QueryClient } from "@tanstack/react-query";
import { type LiveNews, LiveStream } from "@/lib/live";

export const liveStream = new LiveStream();

/** Lists are read anew at most so often, however much happens. */
const LIST_PAUSE = 1000;
const RUN_PAUSE = 200;

/**
 * Marks what a change makes out of date; what is on the screen is then read anew. Queries about runs say what they
 * show by their keys: `["runs", ...]` for anything about many runs, `["run", id, ...]` for anything about one.
 *
 * Returns a function that ends it.
 */
export function followRuns(stream: LiveStream, queryClient: QueryClient): () => void {
  const lists = makeThrottle(LIST_PAUSE, () => void queryClient.invalidateQueries({ queryKey: ["runs"] }));
  const changed = new Set<string>();
  const runs = makeThrottle(RUN_PAUSE, () => {
    for (const runId of changed) void queryClient.invalidateQueries({ queryKey: ["run", runId] });
    changed.clear();
  });
  const take = (news: LiveNews) => {
    lists.call();
    if (news.kind === "reset") {
      void queryClient.invalidateQueries({ queryKey: ["run"] });
    } else if (queryClient.getQueryCache().find({ queryKey: ["run", news.change.run_id], exact: false })) {
      changed.add(news.change.run_id);
      runs.call();
    }
  };
  const unsubscribe = stream.subscribe(take);
  return () => {
    unsubscribe();
    lists.cancel();
    runs.cancel();
  };
}

/** Calls `work` at once, and then at most once in a pause, with a last call at its end where one was asked for. */
function makeThrottle(pause: number, work: () => void): { call: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsked = false;
  const run = () => {
    isAsked = false;
    work();
    timer = setTimeout(() => {
      timer = undefined;
      if (isAsked) run();
    }, pause);
  };
  return {
    call: () => {
      if (timer === undefined) run();
      else isAsked = true;
    },
    cancel: () => clearTimeout(timer),
  };
}
