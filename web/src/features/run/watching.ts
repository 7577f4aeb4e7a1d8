/**
 * Runs whose end somebody wants to be told of, as long as the tab is open: by a notice in the page, which the board
 * of notices keeps. They outlive a reload of the tab.
 */
import { notifications } from "@mantine/notifications";
import { type QueryClient, QueryObserver } from "@tanstack/react-query";
import type { RunView } from "@/api/schema";
import { describeNotice, noticeBoard } from "@/lib/notices";
import { hasEnded, moodOf } from "@/lib/states";
import { MOOD_COLORS } from "@/ui/moods";
import { runQuery } from "./queries";
import { readWatched, writeWatched } from "./watched";

class Watchers {
  private readonly watched = new Map<string, () => void>();
  private readonly listeners = new Set<() => void>();

  has(runId: string): boolean {
    return this.watched.has(runId);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Goes on with what was watched before the tab was loaded anew. */
  restore(queryClient: QueryClient): void {
    for (const runId of readWatched()) this.start(runId, queryClient);
  }

  /** Begins to watch a run. Its query stays in use, so that the live stream renews it on other pages, too. */
  start(runId: string, queryClient: QueryClient): void {
    if (this.watched.has(runId)) return;
    const observer = new QueryObserver(queryClient, runQuery(runId));
    const end = observer.subscribe(({ data }) => {
      if (!data || !hasEnded(data.status)) return;
      this.stop(runId);
      tellEnd(data);
    });
    this.watched.set(runId, end);
    this.tell();
  }

  stop(runId: string): void {
    this.watched.get(runId)?.();
    this.watched.delete(runId);
    this.tell();
  }

  private tell(): void {
    writeWatched([...this.watched.keys()]);
    for (const listener of this.listeners) listener();
  }
}

export const watchers = new Watchers();

/** What is said of a run that has ended. */
export function describeEnd(run: Pick<RunView, "namespace" | "name" | "run_id" | "status">): string {
  return `${describeNotice({ subject: `${run.namespace}/${run.name}`, status: run.status })} (${run.run_id})`;
}

function tellEnd(run: RunView): void {
  const { run_id: runId, status } = run;
  notifications.show({
    title: "A run that you watch has ended",
    message: describeEnd(run),
    color: MOOD_COLORS[moodOf(status)],
    autoClose: false,
  });
  const at = new Date(run.ended_at ?? Date.now());
  noticeBoard.add({ runId, subject: `${run.namespace}/${run.name}`, status, at, isWatched: true });
}
