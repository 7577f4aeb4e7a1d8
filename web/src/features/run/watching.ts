/**
 * Runs whose end somebody wants to be told of, as long as the tab is open: by a notice in the page and, where the
 * browser was allowed to, by one outside of it.
 */
import { notifications } from "@mantine/notifications";
import { type QueryClient, QueryObserver } from "@tanstack/react-query";
import type { RunView } from "@/api/schema";
import { hasEnded, moodOf } from "@/lib/states";
import { MOOD_COLORS } from "@/ui/moods";
import { runQuery } from "./queries";

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

  /** Begins to watch a run. Its query stays in use, so that the live stream renews it on other pages, too. */
  start(runId: string, queryClient: QueryClient): void {
    if (this.watched.has(runId)) return;
    void askPermission();
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
    for (const listener of this.listeners) listener();
  }
}

export const watchers = new Watchers();

async function askPermission(): Promise<void> {
  if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
}

/** What is said of a run that has ended. */
export function describeEnd(run: Pick<RunView, "namespace" | "name" | "run_id" | "status">): string {
  const verb = run.status === "cancelled" || run.status === "damaged" ? "was" : "has";
  return `${run.namespace}/${run.name} ${verb} ${run.status} (${run.run_id})`;
}

function tellEnd(run: RunView): void {
  const message = describeEnd(run);
  const color = MOOD_COLORS[moodOf(run.status)];
  notifications.show({
    title: "A run that you watch has ended",
    message,
    color,
    autoClose: false,
  });
  if ("Notification" in window && Notification.permission === "granted" && document.hidden) {
    const notice = new Notification("Kapell", { body: message, tag: run.run_id });
    notice.onclick = () => window.focus();
  }
}
