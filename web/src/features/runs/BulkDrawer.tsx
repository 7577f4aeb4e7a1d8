import { Badge, Button, Drawer, Group, Progress, Stack, Text } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { BulkView } from "@/api/schema";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { QueryView } from "@/ui/QueryView";
import { RunLink } from "@/ui/RunCells";
import { readFilters } from "./address";
import { Refusals } from "./BulkPreviewFigures";
import { ACTIONS, countRuns, describeProgress } from "./bulk";
import { bulkQuery, cancelBulk, recentBulkQuery, refusedQuery } from "./bulkQueries";
import { describeFilters } from "./sentence";

interface BulkDrawerProps {
  /** `recent`, or the id of an operation; undefined while the drawer is shut. */
  shown: string | undefined;
  onShow: (shown: string | undefined) => void;
}

/** Commands that were given to many runs: the recent ones, or one with how far it is and what became of its runs. */
export function BulkDrawer({ shown, onShow }: BulkDrawerProps) {
  return (
    <Drawer
      opened={shown !== undefined}
      onClose={() => onShow(undefined)}
      position="right"
      size="lg"
      title="Bulk operations"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {shown === "recent" && <RecentOperations onShow={onShow} />}
      {shown !== undefined && shown !== "recent" && (
        <Stack gap="sm">
          <Group>
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<IconArrowLeft size={14} aria-hidden />}
              onClick={() => onShow("recent")}
            >
              Recent operations
            </Button>
          </Group>
          <Operation key={shown} bulkId={shown} />
        </Stack>
      )}
    </Drawer>
  );
}

function RecentOperations({ onShow }: { onShow: (bulkId: string) => void }) {
  const recent = useInfiniteQuery({ ...recentBulkQuery, refetchInterval: 5_000 });
  const found = recent.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack gap="xs">
      {recent.error && <ErrorNotice error={recent.error} onRetry={() => void recent.refetch()} />}
      {recent.isSuccess && found.length === 0 && (
        <EmptyState title="No command was given to many runs yet">
          Filter the list, tick the box above it, choose “Select all that match” and a command. What it would hit is
          shown before anything is done.
        </EmptyState>
      )}
      {found.map((operation) => (
        <Stack key={operation.bulk_id} gap={2}>
          <Group gap="xs">
            <Button size="compact-sm" variant="default" onClick={() => onShow(operation.bulk_id)}>
              {ACTIONS[operation.action].label} {countRuns(operation.matched)}
            </Button>
            <StateBadge state={operation.state} />
            <Text size="xs" c="dimmed">
              {operation.asked_by}, <Moment at={operation.started_at ?? operation.created_at} />
            </Text>
          </Group>
          <Text size="xs" c="dimmed">
            {describeProgress(operation)} {operation.reason}
          </Text>
        </Stack>
      ))}
      {recent.hasNextPage && (
        <Button variant="default" size="xs" onClick={() => void recent.fetchNextPage()} loading={recent.isFetching}>
          Show earlier ones
        </Button>
      )}
    </Stack>
  );
}

function StateBadge({ state }: { state: BulkView["state"] }) {
  const color = { preview: "gray", running: "blue", completed: "teal", cancelled: "gray" }[state];
  const text = { preview: "not started", running: "under way", completed: "done", cancelled: "stopped" }[state];
  return (
    <Badge variant="light" color={color} tt="none">
      {text}
    </Badge>
  );
}

function Operation({ bulkId }: { bulkId: string }) {
  const query = useQuery(bulkQuery(bulkId));
  return <QueryView query={query}>{(operation) => <OperationView operation={operation} />}</QueryView>;
}

function OperationView({ operation }: { operation: BulkView }) {
  const queryClient = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelBulk(operation.bulk_id),
    onSuccess: (after) => queryClient.setQueryData(bulkQuery(operation.bulk_id).queryKey, after),
    onError: () => queryClient.invalidateQueries({ queryKey: ["bulk", operation.bulk_id] }),
  });
  const filters = readFilters({ ...operation.runs });
  const share = (count: number) => (count / Math.max(1, operation.matched)) * 100;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Text fw={600}>
          {ACTIONS[operation.action].label} {countRuns(operation.matched)}
        </Text>
        <StateBadge state={operation.state} />
      </Group>
      <Text size="sm">
        Asked by {operation.asked_by} <Moment at={operation.started_at ?? operation.created_at} />
        {operation.reason && `: ${operation.reason}`}
      </Text>
      <Text size="sm" c="dimmed">
        {describeFilters(filters)}{" "}
        <TextLink to="/runs" search={filters} size="sm">
          Which runs match this now
        </TextLink>
      </Text>
      <Text role="status">{describeProgress(operation)}</Text>
      <Progress.Root size="lg">
        <Progress.Section value={share(operation.done)} color="teal" aria-label="Obeyed" />
        <Progress.Section value={share(operation.refused)} color="red" aria-label="Refused" />
      </Progress.Root>
      {operation.state === "running" && (
        <Group>
          <Button variant="default" size="xs" onClick={() => cancel.mutate()} loading={cancel.isPending}>
            Stop: leave the other {countRuns(operation.left)} alone
          </Button>
        </Group>
      )}
      {cancel.error && <ErrorNotice error={cancel.error} />}
      {operation.refused > 0 && (
        <>
          <Text fw={600} size="sm">
            Why runs refused
          </Text>
          <Refusals refusals={operation.refusals} />
          {operation.state !== "running" && <RefusedRuns operation={operation} />}
        </>
      )}
    </Stack>
  );
}

function RefusedRuns({ operation }: { operation: BulkView }) {
  const refused = useInfiniteQuery(refusedQuery(operation.bulk_id, operation.refused));
  return (
    <Stack gap={4}>
      {refused.error && <ErrorNotice error={refused.error} onRetry={() => void refused.refetch()} />}
      {refused.data?.pages
        .flatMap((page) => page.items)
        .map((target) => (
          <Text key={target.run_id} size="sm" component="div">
            <RunLink runId={target.run_id} />: {target.reason}
          </Text>
        ))}
      {refused.hasNextPage && (
        <Button variant="default" size="xs" onClick={() => void refused.fetchNextPage()} loading={refused.isFetching}>
          Show more
        </Button>
      )}
    </Stack>
  );
}
