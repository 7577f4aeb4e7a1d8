/** What is asked of the server about workflows. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { ApiError, api, got } from "@/api/client";
import type { Draft, PageRunView, PageWorkflowSummary, WorkflowSummary } from "@/api/schema";
import { takingChanges } from "@/lib/following";
import { type Period, spanOf } from "@/lib/periods";
import { changeFirstPage } from "@/lib/runChanges";
import type { ListSearch } from "./address";
import { joinHealth } from "./list/health";

const PAGE = 100;
const MOST = 500;

/** How often figures are asked for while they are looked at. */
const FIGURES_PAUSE = 30_000;

export const workflowsQuery = ({ text, namespace }: ListSearch) =>
  infiniteQueryOptions({
    queryKey: ["workflows", "list", { text, namespace }],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/workflows", { params: { query: { text, namespace, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** The namespaces that hold workflows, in their order. */
export const namespacesQuery = queryOptions({
  queryKey: ["workflows", "namespaces"],
  queryFn: async () => {
    const namespaces = new Set<string>();
    let cursor: string | null | undefined;
    do {
      const page: PageWorkflowSummary = await got(
        api.GET("/api/v1/workflows", { params: { query: { limit: MOST, cursor } } }),
      );
      for (const { namespace } of page.items) namespaces.add(namespace);
      cursor = page.next;
    } while (cursor);
    return [...namespaces];
  },
  staleTime: 60_000,
});

/** How all workflows have fared, by `namespace/name`. */
export const healthQuery = (period: Period) =>
  queryOptions({
    queryKey: ["workflow-health", period],
    queryFn: async () => {
      const { since, bucket } = spanOf(period, new Date());
      const [statistics, faulted] = await Promise.all([
        got(api.GET("/api/v1/statistics", { params: { query: { by: "workflow", since, bucket } } })),
        got(
          api.GET("/api/v1/runs", {
            params: { query: { status: ["faulted", "damaged"], ended_after: since, limit: MOST } },
          }),
        ),
      ]);
      return joinHealth(statistics.subjects, faulted.items);
    },
    refetchInterval: FIGURES_PAUSE,
    placeholderData: keepPreviousData,
  });

/** All that belongs to one workflow is out of date together when it is published or saved. */
export const workflowKey = (namespace: string, name: string) => ["workflow", namespace, name] as const;

export const versionsQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "versions"],
    queryFn: async () => {
      const page = await got(
        api.GET("/api/v1/workflows/{namespace}/{name}/versions", {
          params: { path: { namespace, name }, query: { limit: MOST } },
        }),
      );
      return page.items;
    },
  });

/** The text of a version. It never changes; `latest` may become another one. */
export const versionQuery = (namespace: string, name: string, version: string) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "version", version],
    queryFn: () =>
      got(
        api.GET("/api/v1/workflows/{namespace}/{name}/versions/{version}", {
          params: { path: { namespace, name, version } },
        }),
      ),
    staleTime: 60_000,
  });

/** What lists show of a workflow; `null` where there is none, or the person may not see it. */
export const summaryQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "summary"],
    queryFn: () => findSummary(namespace, name),
  });

export async function findSummary(namespace: string, name: string): Promise<WorkflowSummary | null> {
  let cursor: string | null | undefined;
  do {
    const page: PageWorkflowSummary = await got(
      api.GET("/api/v1/workflows", { params: { query: { namespace, text: name, limit: MOST, cursor } } }),
    );
    const found = page.items.find((each) => each.namespace === namespace && each.name === name);
    if (found) return found;
    cursor = page.next;
  } while (cursor);
  return null;
}

/** The draft; `null` where there is none. It is asked for only where there is one: a refusal is an error to browsers. */
export const draftQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "draft"],
    queryFn: () => findDraft(namespace, name),
  });

export async function findDraft(namespace: string, name: string): Promise<Draft | null> {
  const summary = await findSummary(namespace, name);
  if (!summary?.has_draft) return null;
  try {
    return await got(api.GET("/api/v1/workflows/{namespace}/{name}/draft", { params: { path: { namespace, name } } }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** What the editor begins with. */
export interface EditedText {
  text: string;
  /** Of the draft; `null` where there is none yet. */
  revision: number | null;
  /** The version that the draft is made from, or would be. */
  baseVersion: string | null;
}

/** The draft, or else the newest version: read anew whenever the editor is opened, and left alone while it is open. */
export const editedQuery = (namespace: string, name: string) =>
  queryOptions({
    queryKey: ["workflow-edited", namespace, name],
    queryFn: async (): Promise<EditedText> => {
      const draft = await findDraft(namespace, name);
      if (draft) return { text: draft.source, revision: draft.revision, baseVersion: draft.base_version };
      const { items } = await got(
        api.GET("/api/v1/workflows/{namespace}/{name}/versions", {
          params: { path: { namespace, name }, query: { limit: MOST } },
        }),
      );
      const newest = items.find((version) => version.deprecation === null) ?? items[0];
      if (!newest) return { text: "", revision: null, baseVersion: null };
      const path = { namespace, name, version: newest.version };
      const stored = await got(
        api.GET("/api/v1/workflows/{namespace}/{name}/versions/{version}", { params: { path } }),
      );
      return { text: stored.source, revision: null, baseVersion: newest.version };
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const diffQuery = (namespace: string, name: string, before: string, after: string) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "diff", before, after],
    queryFn: () =>
      got(
        api.GET("/api/v1/workflows/{namespace}/{name}/diff", {
          params: { path: { namespace, name }, query: { old: before, new: after } },
        }),
      ),
    enabled: before !== after,
  });

export const figuresQuery = (namespace: string, name: string, period: Period) =>
  queryOptions({
    queryKey: [...workflowKey(namespace, name), "figures", period],
    queryFn: () => {
      const { since, bucket } = spanOf(period, new Date());
      return got(
        api.GET("/api/v1/statistics", { params: { query: { namespace, name, since, bucket, by: "version" } } }),
      );
    },
    refetchInterval: FIGURES_PAUSE,
    placeholderData: keepPreviousData,
  });

/** The input of a run; it never changes. */
export const inputQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "input"],
    queryFn: async () => {
      const detail = await got(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: runId } } }));
      return { value: detail.input ?? undefined };
    },
    staleTime: "static",
  });

/** The newest runs of a workflow. */
export const recentRunsQuery = (namespace: string, name: string, limit = 10) =>
  queryOptions({
    queryKey: ["runs", "of-workflow", namespace, name, limit],
    queryFn: () => got(api.GET("/api/v1/runs", { params: { query: { namespace, name, limit } } })),
    meta: takingChanges<PageRunView>((page, changes) => changeFirstPage(page, changes, { namespace, name }, limit)),
  });
