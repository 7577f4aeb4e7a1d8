import { Button, Code, Drawer, Group, Stack, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, got } from "@/api/client";
import type { AuditRecord } from "@/api/schema";
import { useMayEverywhere } from "@/features/session/permissions";

import { DialogButton } from "@/ui/DialogButton";
import { downloadText } from "@/ui/download";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { QueryView } from "@/ui/QueryView";
import { useAction } from "@/ui/useAction";
import { recordQuery } from "./queries";
import { Actor, DecisionBadge } from "./RecordTable";
import { RedactForm } from "./RedactForm";
import { describeAction } from "./words";

const route = getRouteApi("/administration/audit");

/** The details of the record that the address names. */
export function RecordDrawer() {
  const { record: number, ...filters } = route.useSearch();
  const navigate = useNavigate();
  return (
    <Drawer
      opened={number !== undefined}
      onClose={() => void navigate({ to: "/administration/audit", search: filters })}
      title={`Record ${number ?? ""}`}
      position="right"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {number !== undefined && <Details number={number} />}
    </Drawer>
  );
}

function Details({ number }: { number: number }) {
  const record = useQuery(recordQuery(number));
  return (
    <QueryView query={record}>
      {(found) => (found ? <RecordDetails record={found} /> : <Text>There is no record {number} for you.</Text>)}
    </QueryView>
  );
}

function RecordDetails({ record }: { record: AuditRecord }) {
  const { at, actor_id, action, target, namespace, decision, redacts } = record;
  const isEverywhere = useMayEverywhere();
  return (
    <Stack>
      <Table variant="vertical" layout="fixed" withTableBorder={false}>
        <Table.Tbody>
          <Fact label="When">
            <Moment at={at} full />
          </Fact>
          <Fact label="Who">
            <Actor record={record} />
            <Mono>{actor_id}</Mono>
            <TextLink to="/administration/audit" search={{ actor: actor_id }} size="xs">
              All that they did
            </TextLink>
          </Fact>
          <Fact label="Did">
            {describeAction(action)} <Mono>{action}</Mono>
          </Fact>
          <Fact label="Target">
            <Mono>{target}</Mono>
            <TextLink to="/administration/audit" search={{ target }} size="xs">
              All that was done to it
            </TextLink>
          </Fact>
          {namespace && <Fact label="Namespace">{namespace}</Fact>}
          <Fact label="Decision">
            <DecisionBadge decision={decision} />
          </Fact>
          {redacts && <Fact label="Redacts">record {redacts}</Fact>}
          <Digests record={record} />
        </Table.Tbody>
      </Table>
      <Private record={record} />
      <Group gap="xs">
        {isEverywhere("audit.read") && <ProofButton number={record.number} />}
        {isEverywhere("identity.write") && record.private && (
          <DialogButton label="Redact" title={`Redact record ${record.number}?`} variant="default" size="xs">
            {(close) => <RedactForm record={record} onClose={close} />}
          </DialogButton>
        )}
      </Group>
    </Stack>
  );
}

function Digests({ record: { before_digest, after_digest, hash } }: { record: AuditRecord }) {
  return (
    <>
      {before_digest && (
        <Fact label="Digest before">
          <Mono>{before_digest}</Mono>
        </Fact>
      )}
      {after_digest && (
        <Fact label="Digest after">
          <Mono>{after_digest}</Mono>
        </Fact>
      )}
      <Fact label="Its hash">
        <Mono>{hash}</Mono>
      </Fact>
    </>
  );
}

function Private({ record }: { record: AuditRecord }) {
  const { private: part } = record;
  if (!part) {
    return (
      <Text size="sm">
        What may be personal of this record has been erased; another record says by whom and why. The log still
        verifies.
      </Text>
    );
  }
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        What can be erased
      </Text>
      <Table variant="vertical" layout="fixed" withTableBorder={false}>
        <Table.Tbody>
          <Fact label="Name">{part.actor_name}</Fact>
          <Fact label="From">{part.origin}</Fact>
          <Fact label="Reason">{part.reason}</Fact>
        </Table.Tbody>
      </Table>
      {Object.keys(part.details).length > 0 && (
        <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {JSON.stringify(part.details, null, 2)}
        </Code>
      )}
    </Stack>
  );
}

function ProofButton({ number }: { number: number }) {
  const prove = useAction({
    run: () => got(api.GET("/api/v1/audit/records/{number}/proof", { params: { path: { number } } })),
    success: () => `The proof of record ${number} is downloaded. Check it with kapell audit check-proof.`,
    onDone: (proof) => downloadText(`proof-${number}.json`, JSON.stringify(proof), "application/json"),
  });
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        loading={prove.isPending}
        onClick={() => prove.mutate()}
      >
        Download a proof
      </Button>
      {prove.error && <ErrorNotice error={prove.error} />}
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={110}>
        {label}
      </Table.Th>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{children}</Table.Td>
    </Table.Tr>
  );
}

function Mono({ children }: { children: ReactNode }) {
  return (
    <Text size="xs" ff="monospace" c="dimmed">
      {children}
    </Text>
  );
}
