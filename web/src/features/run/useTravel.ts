/** The run's tasks as they are shown: now, or after the event that the address asks for. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { RunTask } from "@/api/schema";
import { tasksAt } from "./past";
import { type PastMoment, pastQuery, tasksQuery } from "./queries";

const route = getRouteApi("/runs/$runId");

export interface Travel {
  /** The tasks, as they are or were; `null` until they are known. */
  tasks: RunTask[] | null;
  /** How many events the history has. */
  total: number;
  /** The event that is looked at; `undefined` for now. */
  at: number | undefined;
  /** What it was, and the state after it; of the event before while this one is being asked for. */
  past: PastMoment | null;
  error: Error | null;
  /** Looks at an event; `undefined` goes back to now. */
  go: (at: number | undefined) => void;
}

/** Returns a run's tasks, now or then. Everything on the page reads them here, so that all views agree. */
export function useTravel(runId: string, mayData: boolean): Travel {
  const asked = route.useSearch().at;
  const navigate = route.useNavigate();
  const now = useQuery(tasksQuery(runId));
  const total = now.data?.seq ?? 0;
  const at = asked === undefined || total === 0 ? asked : Math.min(asked, total);
  const past = useQuery({ ...pastQuery(runId, at ?? 1, mayData), enabled: at !== undefined && total > 0 });
  const shown = at === undefined ? null : (past.data ?? null);
  const tasks = useMemo(() => {
    if (!now.data) return null;
    if (at === undefined) return now.data.tasks;
    if (shown) return tasksAt(now.data.tasks, { seq: shown.event.seq, at: shown.event.at, state: shown.state });
    // What is shown stays until it is known how it was.
    return past.error ? null : now.data.tasks;
  }, [now.data, at, shown, past.error]);
  const go = useCallback(
    (chosen: number | undefined) =>
      void navigate({ search: (before) => ({ ...before, at: chosen }), replace: true, resetScroll: false }),
    [navigate],
  );
  const error = now.error ?? (at === undefined ? null : past.error);
  return { tasks, total, at, past: shown, error, go };
}
