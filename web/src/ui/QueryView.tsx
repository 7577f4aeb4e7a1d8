import { Loader, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNotice } from "./ErrorNotice";

/** What a query gave; a loader until it has, and its error above what was known before. */
export function QueryView<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  return (
    <Stack gap="sm">
      {query.error && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data !== undefined && children(query.data)}
      {query.isPending && !query.error && <Loader size="sm" role="status" aria-label="Loading" />}
    </Stack>
  );
}
