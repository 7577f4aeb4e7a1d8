import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { RunTable } from "@/ui/RunTable";
import { runsQuery } from "./queries";

const route = getRouteApi("/runs");

/** The list of runs. */
export function RunsPage() {
  const filters = route.useSearch();
  const runs = useInfiniteQuery(runsQuery(filters));
  const found = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Runs">
      {runs.error && <ErrorNotice error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && found.length === 0 && <EmptyState title="No run matches" />}
      {found.length > 0 && <RunTable runs={found} caption="Runs that match" />}
      {runs.hasNextPage && (
        <Button variant="default" onClick={() => void runs.fetchNextPage()} loading={runs.isFetchingNextPage}>
          Show earlier runs
        </Button>
      )}
    </Page>
  );
}
