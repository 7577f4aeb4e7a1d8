/** The namespaces that are known to who is signed in, as suggestions: any other name can be typed, too. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Me } from "@/api/schema";
import { useMay } from "./permissions";
import { meQuery } from "./queries";

const MOST = 500;

const workflowNamespacesQuery = queryOptions({
  queryKey: ["workflows", "namespaces"],
  queryFn: async () => {
    const page = await got(api.GET("/api/v1/workflows", { params: { query: { limit: MOST } } }));
    return page.items.map((each) => each.namespace);
  },
  staleTime: 60_000,
});

/** Returns the names in alphabetical order, each once: those that roles were given in, and those that have workflows. */
export function listNamespaces(me: Me | null | undefined, ofWorkflows: string[]): string[] {
  const granted = me?.grants.flatMap((each) => each.namespaces ?? []) ?? [];
  return [...new Set([...granted, ...ofWorkflows])].sort();
}

export function useNamespaces(): string[] {
  const { data: me } = useQuery(meQuery);
  const may = useMay();
  const { data } = useQuery({ ...workflowNamespacesQuery, enabled: may("workflow.read") });
  return listNamespaces(me, data ?? []);
}
