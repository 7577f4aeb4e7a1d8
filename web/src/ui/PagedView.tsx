import { Button, Loader, Stack } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNotice } from "./ErrorNotice";

interface PagedViewProps<Item> {
  query: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>;
  /** What the button says that shows the next page. */
  more?: string;
  children: (items: Item[]) => ReactNode;
}

/** The pages of a list that have been read, as one, and a button for the next. */
export function PagedView<Item>({ query, more = "Show more", children }: PagedViewProps<Item>) {
  return (
    <Stack gap="sm" align="stretch">
      {query.error && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && children(query.data.pages.flatMap((page) => page.items))}
      {query.isPending && !query.error && <Loader size="sm" aria-label="Loading" />}
      {query.hasNextPage && (
        <Button
          variant="default"
          onClick={() => void query.fetchNextPage()}
          loading={query.isFetchingNextPage}
          style={{ alignSelf: "flex-start" }}
        >
          {more}
        </Button>
      )}
    </Stack>
  );
}
