/** What stands in the address of home. */
import { type Period, readPeriod } from "@/lib/periods";

export interface HomeSearch {
  /** Left out for the last 24 hours. */
  period?: Period;
}

export function readHomeSearch(search: Record<string, unknown>): HomeSearch {
  const period = readPeriod(search.period);
  return period === undefined || period === "24h" ? {} : { period };
}
