import { Group, Switch, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { filtersOf, isFiltered } from "./address";
import { EventDrawer } from "./EventDrawer";
import { EventFilterBar } from "./EventFilterBar";
import { EventTable } from "./EventTable";
import { NoEvents } from "./NoEvents";
import { eventsQuery } from "./queries";
import { SendButton } from "./SendButton";
import { useLiveEvents } from "./useLiveEvents";

const route = getRouteApi("/events");

/** The events explorer: what has come, who sent it, and who consumed it. */
export function EventsPage() {
  const search = route.useSearch();
  const filters = filtersOf(search);
  const may = useMay();
  const events = useInfiniteQuery(eventsQuery(filters));
  const namespace = filters.namespace ?? "";
  return (
    <Page
      title="Events"
      summary="Every event that has arrived and is still kept: what workflows emitted and what was sent from outside."
      actions={may("event.send", filters.namespace) && <SendButton namespace={namespace} />}
    >
      <EventFilterBar />
      <LiveSwitch />
      <PagedView query={events} more="Show earlier events">
        {(found) =>
          found.length > 0 ? (
            <EventTable events={found} />
          ) : isFiltered({ ...filters, namespace: undefined }) ? (
            <EmptyState title="No event matches">Filters compare whole texts: a type is written in full.</EmptyState>
          ) : (
            <NoEvents namespace={namespace || "default"} />
          )
        }
      </PagedView>
      <EventDrawer />
    </Page>
  );
}

const STATES = {
  connecting: "Connecting…",
  following: "They come in at the top.",
  lost: "The server cannot be reached; it is tried again, and nothing will be missed.",
} as const;

function LiveSwitch() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const isLive = search.live === true;
  const { state, count } = useLiveEvents(filtersOf(search), isLive);
  return (
    <Group gap="sm" className="no-print">
      <Switch
        label="Follow new events"
        checked={isLive}
        onChange={(event) => {
          const live = event.currentTarget.checked ? (true as const) : undefined;
          void navigate({ search: ({ live: _, ...before }) => (live ? { ...before, live } : before), replace: true });
        }}
      />
      <Text size="sm" c="dimmed" role="status" data-tail={isLive ? state : "off"}>
        {isLive && STATES[state]} {isLive && count > 0 && `${count.toLocaleString("en")} so far.`}
      </Text>
    </Group>
  );
}
