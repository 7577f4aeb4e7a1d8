import { Alert, Drawer, Stack, Table, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EventDetail } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { DataTree } from "@/ui/DataTree";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { Consumers } from "./Consumers";
import { eventQuery } from "./queries";
import { Sender } from "./Sender";

const route = getRouteApi("/events");

/** What is shown elsewhere than among the attributes. */
const DATA = new Set(["data", "data_base64"]);

/** The details of the event that the address names. */
export function EventDrawer() {
  const { event: position } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Drawer
      opened={position !== undefined}
      onClose={() => void navigate({ search: ({ event: _, ...before }) => before })}
      title={`Event ${position ?? ""}`}
      position="right"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {position !== undefined && <Details position={position} />}
    </Drawer>
  );
}

function Details({ position }: { position: number }) {
  const detail = useQuery(eventQuery(position));
  return (
    <QueryView query={detail}>
      {(found) => (
        <Stack>
          <Attributes detail={found} />
          <Section title="Payload">
            <Payload detail={found} />
          </Section>
          <Section title="Consumed by">
            <Consumers detail={found} />
          </Section>
        </Stack>
      )}
    </QueryView>
  );
}

function Attributes({ detail: { received, event } }: { detail: EventDetail }) {
  const may = useMay();
  const attributes = Object.entries(event as Record<string, unknown>).filter(([name]) => !DATA.has(name));
  const { namespace, type, via } = received;
  const isOfRun = via.startsWith("run/");
  return (
    <Table variant="vertical" layout="fixed" withTableBorder={false}>
      <Table.Tbody>
        {attributes.map(([name, value]) => (
          <Fact key={name} label={name}>
            {typeof value === "string" ? value : JSON.stringify(value)}
          </Fact>
        ))}
        <Fact label="Namespace">{namespace}</Fact>
        <Fact label="Arrived">
          <Moment at={received.arrived_at} full />
        </Fact>
        <Fact label="Sent by">
          <Sender via={via} isWhole />
        </Fact>
        <Fact label="See also">
          <TextLink to="/events" search={{ namespace, type }} size="sm">
            All of this type
          </TextLink>
          {isOfRun && may("run.read", namespace) && (
            <>
              {" · "}
              <TextLink to="/events" search={{ via }} size="sm">
                All that the run has sent
              </TextLink>
            </>
          )}
        </Fact>
      </Table.Tbody>
    </Table>
  );
}

function Payload({ detail: { event, has_data, received } }: { detail: EventDetail }) {
  const { data, data_base64 } = event as { data?: unknown; data_base64?: string };
  if (!has_data) {
    return (
      <Alert color="gray" icon={<IconLock aria-hidden />} title="You may not see this event's data">
        It needs the permission run.data in the namespace {received.namespace}.
      </Alert>
    );
  }
  if (data_base64 !== undefined) {
    return (
      <>
        <Text size="sm" c="dimmed">
          Bytes, as Base64.
        </Text>
        <DataTree label="Data" value={data_base64} height="30vh" />
      </>
    );
  }
  if (data === undefined) {
    return (
      <Text size="sm" c="dimmed">
        It has none.
      </Text>
    );
  }
  return <DataTree label="Data" value={data} height="30vh" />;
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={130} style={{ overflowWrap: "anywhere" }}>
        {label}
      </Table.Th>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{children}</Table.Td>
    </Table.Tr>
  );
}
