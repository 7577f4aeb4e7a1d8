/** What the command palette asks the server. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";

const SHOWN = 6;

export const foundWorkflowsQuery = (text: string) =>
  queryOptions({
    queryKey: ["workflows", "found", text],
    queryFn: async () => (await got(api.GET("/api/v1/workflows", { params: { query: { text, limit: SHOWN } } }))).items,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });
