/** What a task did with its time: when it worked, when it waited and for what. All times are in milliseconds. */
import type { RunTask, TaskAttempt, TaskWait } from "@/api/schema";

export type SegmentKind = "work" | "wait" | "child" | "frame";

export interface Segment {
  kind: SegmentKind;
  from: number;
  /** `null` while it goes on. */
  to: number | null;
  /** What it waits for, such as `waiting_for_retry`; empty where it does not wait. */
  code: string;
  /** The same, as a sentence; or what the work was. */
  text: string;
  /** Which attempt it belongs to; 0 for none. */
  attempt: number;
  /** Whether it ended with an error. */
  isBad: boolean;
}

/** What waits are called in few words, by their codes. */
const WAITS: Record<string, string> = {
  waiting_for_time: "a time",
  waiting_for_retry: "the next try",
  waiting_for_child: "its child run",
  waiting_for_slot: "a free slot",
  waiting_for_event: "an event",
  waiting_to_begin: "its beginning",
};

export function nameWait(code: string): string {
  return WAITS[code] ?? code.replace(/^waiting_for_/, "").replaceAll("_", " ");
}

/** Returns the stretches of a task's time in their order; a task that only holds others has one, its frame. */
export function listSegments(task: RunTask, hasInner: boolean): Segment[] {
  const from = Date.parse(task.began_at);
  const to = parse(task.ended_at);
  const segments = (task.attempts ?? []).flatMap((attempt) => listAttempt(attempt, to));
  for (const retry of task.retries ?? []) {
    const began = Date.parse(retry.caught_at);
    const text = `Retry ${retry.number}: ${retry.error.title || retry.error.type}`;
    segments.push(wait(began, earlier(Date.parse(retry.due), to), "waiting_for_retry", text, retry.number));
  }
  if (task.kind === "wait") segments.push(listWait(task, from, to));
  if (task.kind === "listen") segments.push(...listListening(task, from, to, hasInner));
  if (segments.length === 0 && !hasInner) {
    segments.push({ kind: "work", from, to, code: "", text: "", attempt: 0, isBad: isBad(task) });
  }
  if (hasInner || (task.retries?.length ?? 0) > 0) {
    segments.unshift({ kind: "frame", from, to, code: "", text: "", attempt: 0, isBad: isBad(task) });
  }
  return segments;
}

function listWait(task: RunTask, from: number, to: number | null): Segment {
  return wait(from, to, task.wait?.code ?? "waiting_for_time", task.wait?.text ?? "It waits for a time.", 0);
}

/** What handles its events lies within it; of the times between them, the last one is known. */
function listListening(task: RunTask, from: number, to: number | null, hasInner: boolean): Segment[] {
  const { code = "waiting_for_event", text = "It waits for an event.", began_at, ended_at } = task.wait ?? {};
  if (!hasInner) return [wait(from, to, code, text, 0)];
  return began_at ? [wait(Date.parse(began_at), parse(ended_at) ?? to, code, text, 0)] : [];
}

function listAttempt(attempt: TaskAttempt, taskEnded: number | null): Segment[] {
  const created = Date.parse(attempt.created_at);
  const ended = parse(attempt.ended_at) ?? (attempt.outcome === "interrupted" ? taskEnded : null);
  const { number, error, outcome } = attempt;
  const failed = outcome === "failed" || outcome === "lost";
  if (attempt.child_run_id) {
    const text = `The child run ${attempt.child_run_id}`;
    const to = ended ?? taskEnded;
    return [{ kind: "child", from: created, to, code: "waiting_for_child", text, attempt: number, isBad: failed }];
  }
  const holds = attempt.holds ?? [];
  const segments = holds.map((hold) => holdOf(hold, ended, number));
  const last = segments.at(-1);
  if (outcome === "held" || (last && last.to === null)) return segments;
  const released = last?.to ?? created;
  const started = Math.max(released, parse(attempt.started_at) ?? released);
  if (started > released) segments.push(wait(released, started, "waiting_to_begin", "It was about to begin.", number));
  const text = error ? `Attempt ${number} ${outcome}: ${error}` : `Attempt ${number} ${outcome}`;
  segments.push({ kind: "work", from: started, to: ended, code: "", text, attempt: number, isBad: failed });
  return segments;
}

function holdOf(hold: TaskWait, ended: number | null, attempt: number): Segment {
  return wait(Date.parse(hold.began_at), parse(hold.ended_at) ?? ended, hold.code, hold.text, attempt);
}

function wait(from: number, to: number | null, code: string, text: string, attempt: number): Segment {
  return { kind: "wait", from, to, code, text, attempt, isBad: false };
}

function isBad({ status }: RunTask): boolean {
  return status === "faulted" || status === "lost";
}

function earlier(one: number, other: number | null): number {
  return other === null ? one : Math.min(one, other);
}

function parse(time: string | null | undefined): number | null {
  return time ? Date.parse(time) : null;
}
