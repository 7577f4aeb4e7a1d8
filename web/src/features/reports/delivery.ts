/** The four figures of delivery, from the runs of a workflow that delivers. All functions are pure. */
import type { RunView } from "@/api/schema";

type Run = Pick<RunView, "run_id" | "status" | "created_at" | "ended_at">;

export interface DeliveryFigures {
  /** Runs that completed. */
  deployments: number;
  /** Runs that ended as faulted or damaged. */
  failures: number;
  perDay: number;
  /** From the change, or the start of the run, to its end; of runs that completed. */
  leadSeconds: Spread;
  /** Failures among the deployments that were tried; `null` for none. */
  failureRate: number | null;
  /** From a failure to the next deployment that completed. */
  restoreSeconds: Spread;
  restores: Restore[];
  /** The first failure since the last deployment that completed; it has not been made good yet. */
  openSince: string | null;
}

export interface Spread {
  count: number;
  p50: number | null;
  p95: number | null;
}

export interface Restore {
  failedRunId: string;
  failedAt: string;
  restoredRunId: string;
  seconds: number;
}

/**
 * Returns the figures of runs that ended in a period of so many days. A row of failures without a deployment between
 * them is one trouble: it begins with the first of them. `changedAt` has for runs when the delivered change was made,
 * where that is known; with it, only such runs count for the lead time.
 */
export function makeDeliveryFigures(runs: Run[], days: number, changedAt?: Map<string, number>): DeliveryFigures {
  const ended = runs
    .filter((run) => run.ended_at !== null && (isDeployed(run) || isFailed(run)))
    .sort((one, other) => endOf(one) - endOf(other));
  const deployments = ended.filter(isDeployed);
  const failures = ended.length - deployments.length;
  const { restores, openSince } = findRestores(ended);
  return {
    deployments: deployments.length,
    failures,
    perDay: days > 0 ? deployments.length / days : 0,
    leadSeconds: spread(
      deployments.flatMap((run) => {
        const began = changedAt ? changedAt.get(run.run_id) : Date.parse(run.created_at);
        return began === undefined || began > endOf(run) ? [] : [(endOf(run) - began) / 1000];
      }),
    ),
    failureRate: ended.length === 0 ? null : failures / ended.length,
    restoreSeconds: spread(restores.map((restore) => restore.seconds)),
    restores,
    openSince,
  };
}

function findRestores(ended: Run[]): { restores: Restore[]; openSince: string | null } {
  const restores: Restore[] = [];
  let failed: Run | null = null;
  for (const run of ended) {
    if (isFailed(run)) {
      failed ??= run;
    } else if (failed) {
      restores.push({
        failedRunId: failed.run_id,
        failedAt: failed.ended_at ?? "",
        restoredRunId: run.run_id,
        seconds: (endOf(run) - endOf(failed)) / 1000,
      });
      failed = null;
    }
  }
  return { restores, openSince: failed?.ended_at ?? null };
}

function isDeployed(run: Run): boolean {
  return run.status === "completed";
}

function isFailed(run: Run): boolean {
  return run.status === "faulted" || run.status === "damaged";
}

function endOf(run: Run): number {
  return Date.parse(run.ended_at ?? "");
}

/** Returns the median and the slowest twentieth of some lengths: each is one of them (nearest rank). */
export function spread(lengths: number[]): Spread {
  const sorted = [...lengths].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95) };
}

/** Says how often something is done: "3 a day", "2.5 a week". */
export function describeFrequency(perDay: number): string {
  if (perDay === 0) return "none";
  const [number, unit] =
    perDay >= 1 ? [perDay, "day"] : perDay * 7 >= 1 ? [perDay * 7, "week"] : [perDay * 30, "month"];
  const rounded = number >= 10 ? Math.round(number) : Math.round(number * 10) / 10;
  return `${rounded} a ${unit}`;
}

/**
 * Returns the moment at a place of a run's input, in milliseconds; `undefined` where there is none. The place is
 * written with dots, such as `commit.timestamp`; a number there is taken as seconds since 1970.
 */
export function findMoment(input: unknown, place: string): number | undefined {
  let value: unknown = input;
  for (const key of place.replace(/^\$?\.?/, "").split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value === "number") return value * 1000;
  const millis = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
