/** Periods of reports: whole hours or days of UTC, as the server counts. All functions are pure. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const PERIODS = {
  day: "Last 24 hours",
  week: "Last 7 days",
  month: "Last 30 days",
  quarter: "Last 90 days",
  year: "Last 365 days",
  own: "From … to …",
} as const;

export type PeriodName = keyof typeof PERIODS;

const DAYS: Record<Exclude<PeriodName, "day" | "own">, number> = { week: 7, month: 30, quarter: 90, year: 365 };
const MOST_DAYS = 750;

export interface Period {
  /** ISO 8601. */
  since: string;
  until: string;
  bucket: "hour" | "day";
}

/** Returns the period that an address means, up to the end of the hour or day of `now`. */
export function makePeriod(
  { period = "week", from, to }: { period?: PeriodName; from?: string; to?: string },
  now: Date,
): Period {
  if (period === "day") return cut(roundUp(now.getTime(), HOUR) - DAY, roundUp(now.getTime(), HOUR), "hour");
  const today = roundUp(now.getTime(), DAY);
  if (period !== "own") return cut(today - DAYS[period] * DAY, today, "day");
  const end = to === undefined ? today : Date.parse(to) + DAY;
  const begin = from === undefined ? end - DAYS.week * DAY : Date.parse(from);
  const since = Math.max(Math.min(begin, end - DAY), end - MOST_DAYS * DAY);
  return cut(since, end, end - since <= 2 * DAY ? "hour" : "day");
}

/** Returns the period of the same length before. */
export function periodBefore({ since, until, bucket }: Period): Period {
  const begin = Date.parse(since);
  return cut(begin - (Date.parse(until) - begin), begin, bucket);
}

/** Returns how many days a period has. */
export function countDays({ since, until }: Pick<Period, "since" | "until">): number {
  return (Date.parse(until) - Date.parse(since)) / DAY;
}

/** Says a period: "2026-11-14 to 2026-11-20 (UTC)"; with hours where it is told by hours. */
export function describePeriod({ since, until, bucket }: Period): string {
  if (bucket === "hour")
    return `${since.slice(0, 16).replace("T", " ")} to ${until.slice(0, 16).replace("T", " ")} (UTC)`;
  const last = new Date(Date.parse(until) - DAY).toISOString().slice(0, 10);
  const first = since.slice(0, 10);
  return first === last ? `${first} (UTC)` : `${first} to ${last} (UTC)`;
}

function cut(since: number, until: number, bucket: Period["bucket"]): Period {
  return { since: new Date(since).toISOString(), until: new Date(until).toISOString(), bucket };
}

function roundUp(millis: number, span: number): number {
  return Math.ceil(millis / span) * span;
}
