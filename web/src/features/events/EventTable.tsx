import { Anchor, Table } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReceivedEvent } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { Moment } from "@/ui/Moment";
import { Sender } from "./Sender";

const route = getRouteApi("/events");

/** Events, one a row; each opens its details. */
export function EventTable({ events }: { events: ReceivedEvent[] }) {
  return (
    <DataTable
      caption="Events, the newest first"
      headings={["Type", "Subject", "Source", "Namespace", "Arrived", "Sent by"]}
      minWidth={820}
    >
      {events.map((event) => (
        <EventRow key={event.position} event={event} />
      ))}
    </DataTable>
  );
}

function EventRow({
  event: { position, type, subject, source, namespace, arrived_at, via },
}: {
  event: ReceivedEvent;
}) {
  const navigate = route.useNavigate();
  return (
    <Table.Tr>
      <Table.Td miw={180} style={{ overflowWrap: "anywhere" }}>
        <Anchor
          component="button"
          type="button"
          size="sm"
          ta="left"
          aria-label={`${type}, event ${position}: details`}
          aria-haspopup="dialog"
          onClick={() => void navigate({ search: (before) => ({ ...before, event: position }) })}
        >
          {type}
        </Anchor>
      </Table.Td>
      <Table.Td miw={100} style={{ overflowWrap: "anywhere" }}>
        {subject}
      </Table.Td>
      <Table.Td miw={120} style={{ overflowWrap: "anywhere" }}>
        {source}
      </Table.Td>
      <Table.Td>{namespace}</Table.Td>
      <Table.Td>
        <Moment at={arrived_at} />
      </Table.Td>
      <Table.Td miw={130} style={{ overflowWrap: "anywhere" }}>
        <Sender via={via} />
      </Table.Td>
    </Table.Tr>
  );
}
