/** What reports keep in the address: the period, and whose runs are meant. */
import { readChoice, readText, withoutUndefined } from "@/lib/address";
import { PERIODS, type PeriodName } from "./periods";

export interface ReportSearch {
  /** Left out, a week. */
  period?: PeriodName;
  /** The first and the last day of a period of one's own, as 2026-11-21, in UTC. */
  from?: string;
  to?: string;
  namespace?: string;
  name?: string;
  version?: string;
}

export interface DeliverySearch extends Omit<ReportSearch, "version"> {
  /** Where the input of a run says when the change was made, such as `commit.timestamp`. */
  change?: string;
}

export function readReportSearch(search: Record<string, unknown>): ReportSearch {
  const namespace = readText(search.namespace);
  const name = namespace === undefined ? undefined : readText(search.name);
  return withoutUndefined({
    ...readPeriod(search),
    namespace,
    name,
    version: name === undefined ? undefined : readText(search.version),
  });
}

export function readDeliverySearch(search: Record<string, unknown>): DeliverySearch {
  const { version: _, ...rest } = readReportSearch(search);
  return withoutUndefined({ ...rest, change: readText(search.change) });
}

function readPeriod(search: Record<string, unknown>): Pick<ReportSearch, "period" | "from" | "to"> {
  const from = readDay(search.from);
  const to = readDay(search.to);
  const period = readChoice(search.period, Object.keys(PERIODS) as PeriodName[]);
  return period === "own" ? { period, from, to } : { period };
}

function readDay(value: unknown): string | undefined {
  const text = readText(value);
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}
