/** What the page of runs shows, as it stands in the address. */
import { RUN_STATUSES, type RunStatus } from "@/lib/states";

export const TIME_KINDS = ["started", "ended", "updated"] as const;
/** Which of a run's times a period is about. */
export type TimeKind = (typeof TIME_KINDS)[number];

type TimeFilters = { [Name in `${TimeKind}_${"after" | "before"}`]?: string };

/**
 * The filters of `GET /runs` under its own names. A time is an ISO 8601 moment, or a distance back from now such as
 * `-24h`, so that a link to "the last day" still says that tomorrow.
 */
export interface RunFilters extends TimeFilters {
  status?: RunStatus[];
  namespace?: string;
  name?: string;
  version?: string;
  parent?: string;
  top?: boolean;
  text?: string;
}

export interface RunsSearch extends RunFilters {
  /** Runs by tasks, in place of the list. */
  view?: "grid";
  /** What of the bulk operations is shown beside: `recent`, or the id of one. */
  bulk?: string;
}

const TEXTS = ["namespace", "name", "version", "parent", "text"] as const;
const TIMES = TIME_KINDS.flatMap((kind) => [`${kind}_after`, `${kind}_before`] as const);
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DISTANCE = /^-(\d{1,5})([mhd])$/;

/** Returns what an address asks for; what is none of it is left out. */
export function readRunsSearch(search: Record<string, unknown>): RunsSearch {
  const asked: RunsSearch = readFilters(search);
  if (search.view === "grid") asked.view = "grid";
  if (typeof search.bulk === "string" && search.bulk !== "") asked.bulk = search.bulk;
  return asked;
}

/** Returns the filters among what an address asks for. */
export function readFilters(search: Record<string, unknown>): RunFilters {
  const filters: RunFilters = {};
  const asked = Array.isArray(search.status) ? search.status : [search.status];
  const statuses = RUN_STATUSES.filter((status) => asked.includes(status));
  if (statuses.length > 0) filters.status = statuses;
  for (const name of TEXTS) {
    const value = search[name];
    if (typeof value === "string" && value.trim() !== "") filters[name] = value;
    if (typeof value === "number") filters[name] = String(value);
  }
  for (const name of TIMES) {
    const value = search[name];
    if (typeof value === "string" && (readDistance(value) !== null || !Number.isNaN(Date.parse(value)))) {
      filters[name] = value;
    }
  }
  if (search.top === true || search.top === "true") filters.top = true;
  return filters;
}

/** Returns filters as the API takes them: distances as moments. Undefined members are left out. */
export function toQuery(filters: RunFilters, now: Date): RunFilters {
  const query = readFilters({ ...filters });
  for (const name of TIMES) {
    const value = query[name];
    if (value !== undefined) query[name] = toMoment(value, now).toISOString();
  }
  return query;
}

/** Returns the moment that a time of an address means. */
export function toMoment(value: string, now: Date): Date {
  const distance = readDistance(value);
  return distance === null ? new Date(value) : new Date(now.getTime() - distance);
}

/** Returns the milliseconds of a distance such as `-24h`; null for what is none. */
export function readDistance(value: string): number | null {
  const match = DISTANCE.exec(value);
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : null;
}

export interface Period {
  kind: TimeKind;
  after?: string;
  before?: string;
}

/** Returns the period that filters say: of the first kind of time that they restrict, and of runs' starts otherwise. */
export function getPeriod(filters: RunFilters): Period {
  const kind = TIME_KINDS.find((each) => filters[`${each}_after`] ?? filters[`${each}_before`]) ?? "started";
  return { kind, after: filters[`${kind}_after`], before: filters[`${kind}_before`] };
}

/** Returns the times of a period as filters, with all other times taken away. */
export function makePeriodFilters(period: Period | null): TimeFilters {
  const filters: TimeFilters = Object.fromEntries(TIMES.map((name) => [name, undefined]));
  if (period?.after) filters[`${period.kind}_after`] = period.after;
  if (period?.before) filters[`${period.kind}_before`] = period.before;
  return filters;
}

/** Tells whether filters restrict anything. */
export function isRestricted(filters: RunFilters): boolean {
  return Object.keys(readFilters({ ...filters })).length > 0;
}
