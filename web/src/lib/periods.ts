/** The periods over which figures of workflows and of all runs are told. */
export const PERIODS = ["24h", "7d", "30d"] as const;
export type Period = (typeof PERIODS)[number];

const HOURS: Record<Period, number> = { "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };

export const PERIOD_NAMES: Record<Period, string> = { "24h": "24 hours", "7d": "7 days", "30d": "30 days" };

export function readPeriod(value: unknown): Period | undefined {
  return PERIODS.find((period) => period === value);
}

/** Returns when a period that ends at `now` began, and how long each of its parts is. */
export function spanOf(period: Period, now: Date): { since: string; bucket: "hour" | "day" } {
  const since = new Date(now.getTime() - HOURS[period] * 3_600_000);
  return { since: since.toISOString(), bucket: period === "24h" ? "hour" : "day" };
}
