import { useMemo } from "react";
import { useNow } from "@/ui/useNow";
import type { ReportSearch } from "./address";
import { makePeriod, type Period } from "./periods";

/** The period that the address means; another one only when an hour or a day has gone by. */
export function usePeriod({ period, from, to }: ReportSearch): Period {
  const hour = Math.floor(useNow().getTime() / 3_600_000);
  return useMemo(() => makePeriod({ period, from, to }, new Date(hour * 3_600_000 + 1)), [period, from, to, hour]);
}
