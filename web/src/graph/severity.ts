/** Which of several statuses is most worth knowing, where one sign must stand for all. */

const GRAVEST_FIRST = [
  "faulted",
  "lost",
  "interrupted",
  "running",
  "held",
  "waiting",
  "caught",
  "cancelled",
  "passed",
  "completed",
  "retried",
  "skipped",
];

const RANKS = new Map(GRAVEST_FIRST.map((status, index) => [status, GRAVEST_FIRST.length - index]));

/** Statuses below are not worse than that something completed: what was skipped, the losers of a race. */
const WORTH_KNOWING = RANKS.get("caught") ?? 0;

/** Returns how much a status needs to be seen, of those of the same task: the more, the higher; 0 for an unknown one. */
export function rankOf(status: string): number {
  return RANKS.get(status) ?? 0;
}

/** Returns how grave a status is; 0 for what just came to its end. */
export function gravityOf(status: string): number {
  const rank = rankOf(status);
  return rank >= WORTH_KNOWING ? rank : 0;
}

/** Returns the status that is most worth knowing; the first one where none is worse. */
export function worstOf(first: string, ...others: string[]): string {
  return others.reduce((worst, each) => (gravityOf(each) > gravityOf(worst) ? each : worst), first);
}
