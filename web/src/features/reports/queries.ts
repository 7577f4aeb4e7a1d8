import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { PageRunView, RunView } from "@/api/schema";
import { findMoment } from "./delivery";
import type { Period } from "./periods";

const MOST = 500;
const STALE_MILLIS = 60_000;

export interface Subject {
  namespace?: string;
  name?: string;
  version?: string;
}

export function statisticsQuery(period: Period, subject: Subject, by?: "workflow" | "version") {
  return queryOptions({
    queryKey: ["reports", "statistics", period, subject, by ?? null],
    queryFn: () => got(api.GET("/api/v1/statistics", { params: { query: { ...period, ...subject, by } } })),
    staleTime: STALE_MILLIS,
    placeholderData: keepPreviousData,
  });
}

export function tasksQuery({ since, until }: Period, namespace: string, name: string, version: string | undefined) {
  return queryOptions({
    queryKey: ["reports", "tasks", since, until, namespace, name, version ?? null],
    queryFn: () =>
      got(api.GET("/api/v1/reports/tasks", { params: { query: { namespace, name, version, since, until } } })),
    staleTime: STALE_MILLIS,
  });
}

export const workflowsQuery = queryOptions({
  queryKey: ["workflows", "names"],
  queryFn: async () => {
    const page = await got(api.GET("/api/v1/workflows", { params: { query: { limit: MOST } } }));
    return page.items.filter((each) => each.newest !== null).map(({ namespace, name }) => ({ namespace, name }));
  },
  staleTime: STALE_MILLIS,
});

export function versionsQuery(namespace: string, name: string) {
  return queryOptions({
    queryKey: ["workflow", namespace, name, "version-names"],
    queryFn: async () => {
      const path = { namespace, name };
      const page = await got(
        api.GET("/api/v1/workflows/{namespace}/{name}/versions", { params: { path, query: { limit: MOST } } }),
      );
      return page.items.map((each) => each.version);
    },
    staleTime: STALE_MILLIS,
  });
}

/** So many runs are read for the figures of delivery. */
export const MOST_DELIVERIES = 2_000;

export interface Deliveries {
  runs: RunView[];
  /** Whether there are more in the period than were read. */
  isPartial: boolean;
}

/** The runs of a workflow that ended in a period, by completing or faulting. */
export function deliveriesQuery({ since, until }: Period, namespace: string, name: string) {
  return queryOptions({
    queryKey: ["reports", "deliveries", since, until, namespace, name],
    queryFn: async (): Promise<Deliveries> => {
      const runs: RunView[] = [];
      let cursor: string | null = null;
      do {
        const query = {
          namespace,
          name,
          status: ["completed" as const, "faulted" as const, "damaged" as const],
          ended_after: since,
          ended_before: until,
          limit: MOST,
          cursor,
        };
        const page: PageRunView = await got(api.GET("/api/v1/runs", { params: { query } }));
        runs.push(...page.items);
        cursor = page.next ?? null;
      } while (cursor !== null && runs.length < MOST_DELIVERIES);
      return { runs, isPartial: cursor !== null };
    },
    staleTime: STALE_MILLIS,
  });
}

/** So many inputs are read for the time of the change; each is a request. */
export const MOST_INPUTS = 100;
const AT_ONCE = 5;

/** When the change was made that each of these runs delivered, as their inputs say it. */
export function changesQuery(runIds: string[], place: string) {
  return queryOptions({
    queryKey: ["reports", "changes", place, runIds],
    queryFn: async () => {
      const changedAt = new Map<string, number>();
      const waiting = [...runIds];
      const read = async () => {
        for (let runId = waiting.shift(); runId !== undefined; runId = waiting.shift()) {
          const detail = await got(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } }));
          const moment = findMoment(detail.input, place);
          if (moment !== undefined) changedAt.set(runId, moment);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, read));
      return changedAt;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
