/**
 * What somebody is told of while the tab is open: runs that have come to need somebody, and the ends of runs that they
 * watch. What was mended meanwhile is taken back.
 */
import type { RunChange } from "./live";

export interface Notice {
  runId: string;
  /** The workflow, as `namespace/name`. */
  subject: string;
  status: string;
  at: Date;
  /** Whether the person has asked to be told of this run. */
  isWatched: boolean;
  isNew: boolean;
}

/** The events after which a run stands still until somebody does something. */
const NEEDS_SOMEBODY = new Set(["run_faulted", "run_suspended"]);
const MOST = 50;

/** Notices, the newest first: one for each run, as many as a person may want to look through. */
export class NoticeBoard {
  private readonly listeners = new Set<(added: Notice | null) => void>();
  notices: readonly Notice[] = [];

  /** Calls `listener` with each notice that is added, or `null` after other changes; until what it returns is called. */
  subscribe = (listener: (added: Notice | null) => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Takes note of what has happened to a run. */
  follow(change: RunChange, at: Date): void {
    const { run_id: runId, status } = change;
    if (NEEDS_SOMEBODY.has(change.type)) {
      this.add({ runId, subject: `${change.namespace}/${change.name}`, status, at, isWatched: false });
    } else if (this.notices.some((each) => each.runId === runId && !each.isWatched && each.status !== status)) {
      this.replace(this.notices.filter((each) => each.runId !== runId));
    }
  }

  add(notice: Omit<Notice, "isNew">): void {
    const before = this.notices.find((each) => each.runId === notice.runId);
    const isWatched = notice.isWatched || (before?.isWatched === true && before.status === notice.status);
    const added = { ...notice, isWatched, isNew: true };
    this.notices = [added, ...this.notices.filter((each) => each !== before)].slice(0, MOST);
    for (const listener of this.listeners) listener(added);
  }

  /** The person has looked. */
  markSeen(): void {
    if (this.notices.some((each) => each.isNew)) this.replace(this.notices.map((each) => ({ ...each, isNew: false })));
  }

  clear(): void {
    this.replace([]);
  }

  private replace(notices: readonly Notice[]): void {
    this.notices = notices;
    for (const listener of this.listeners) listener(null);
  }
}

export const noticeBoard = new NoticeBoard();

/** Says what has become of a run: "demo/order has faulted". */
export function describeNotice({ subject, status }: Pick<Notice, "subject" | "status">): string {
  const verb = ["cancelled", "damaged"].includes(status) ? "was" : status === "suspended" ? "is" : "has";
  return `${subject} ${verb} ${status}`;
}
