/** What is asked of the server about many runs. The keys begin with `runs`, so that the live stream renews them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { PageRunView } from "@/api/schema";
import { takingChanges } from "@/lib/following";
import { changeFirstPage } from "@/lib/runChanges";
import { type RunFilters, toQuery } from "./address";
import type { Plot } from "./histogram";
import { changeRows, type Row, refreshRows, toRows } from "./pages";

/** How many runs are read at once. */
export const PAGE = 100;

function readRuns(filters: RunFilters, limit: number, cursor?: string, signal?: AbortSignal): Promise<PageRunView> {
  const query = { ...toQuery(filters, new Date()), limit, cursor };
  return got(api.GET("/api/v1/runs", { params: { query }, signal }));
}

/** The newest runs that match. */
export function firstPageQuery(filters: RunFilters) {
  return queryOptions({
    queryKey: ["runs", "list", filters, "first"],
    queryFn: ({ signal }) => readRuns(filters, PAGE, undefined, signal),
    meta: followFirst(filters, PAGE),
  });
}

export interface ShownPage {
  rows: Row[];
  next: string | null;
}

/** A later page. When it is renewed, its rows stay where they are. It is soon forgotten when it is not shown. */
export function laterPageQuery(filters: RunFilters, cursor: string) {
  return queryOptions({
    queryKey: ["runs", "list", filters, "after", cursor],
    queryFn: async ({ client, queryKey, signal }): Promise<ShownPage> => {
      const page = await readRuns(filters, PAGE, cursor, signal);
      const shown = client.getQueryData<ShownPage>(queryKey);
      if (shown === undefined) return { rows: toRows(page.items), next: page.next ?? null };
      return { rows: refreshRows(shown.rows, page.items), next: shown.next };
    },
    gcTime: 20_000,
    meta: takingChanges<ShownPage>((page, changes) => {
      const rows = changeRows(page.rows, changes);
      return rows === page.rows ? page : { ...page, rows };
    }),
  });
}

function followFirst(filters: RunFilters, limit: number) {
  return takingChanges<PageRunView>((page, changes) =>
    changeFirstPage(page, changes, toQuery(filters, new Date()), limit),
  );
}

/** The newest few runs that match. */
export function newestQuery(filters: RunFilters, limit: number) {
  return queryOptions({
    queryKey: ["runs", "newest", filters, limit],
    queryFn: ({ signal }) => readRuns(filters, limit, undefined, signal),
    meta: followFirst(filters, limit),
    placeholderData: keepPreviousData,
  });
}

/** How many runs of a workflow ended how, by the hour or day. */
export function histogramQuery(
  filters: Pick<RunFilters, "namespace" | "name" | "version">,
  plot: () => Plot,
  key: string,
) {
  return queryOptions({
    queryKey: ["runs", "histogram", filters, key],
    queryFn: ({ signal }) => {
      const { since, until, bucket } = plot();
      const query = { ...filters, bucket, since: since.toISOString(), until: until.toISOString() };
      return got(api.GET("/api/v1/statistics", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
}

/** How far the index is that a search by text reads. */
export const searchIndexQuery = queryOptions({
  queryKey: ["runs", "search-index"],
  queryFn: () => got(api.GET("/api/v1/search-index")),
});

const MOST_SUGGESTIONS = 500;

/** Workflows to choose from. */
export const workflowsQuery = queryOptions({
  queryKey: ["workflows", "suggested"],
  queryFn: () => got(api.GET("/api/v1/workflows", { params: { query: { limit: MOST_SUGGESTIONS } } })),
  staleTime: 60_000,
});

/** Versions to choose from. */
export function versionsQuery(namespace: string, name: string) {
  return queryOptions({
    queryKey: ["workflows", "suggested", namespace, name],
    queryFn: () =>
      got(api.GET("/api/v1/workflows/{namespace}/{name}/versions", { params: { path: { namespace, name } } })),
    staleTime: 60_000,
  });
}
