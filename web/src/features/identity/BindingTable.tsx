import { Group, Table, Text } from "@mantine/core";
import { IconClockX } from "@tabler/icons-react";
import { api, got } from "@/api/client";
import type { Binding } from "@/api/schema";
import { usePeopleNames } from "@/features/session/people";
import { useMay, useMayEverywhere } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Sign } from "@/ui/Sign";
import { useAction } from "@/ui/useAction";
import { useNow } from "@/ui/useNow";
import { isExpired } from "./expiry";

/** Bindings, one a row, with a button that takes each away for who may. */
export function BindingTable({ bindings, caption }: { bindings: Binding[]; caption: string }) {
  const mayWrite = useMay()("identity.write");
  return (
    <DataTable
      caption={caption}
      headings={["Role", "Given to", "Where", "Until", "Given", ...(mayWrite ? [".Actions"] : [])]}
      widths={{ "Given to": 170, Given: 150 }}
      minWidth={800}
    >
      {bindings.map((binding) => (
        <BindingRow key={binding.binding_id} binding={binding} hasActions={mayWrite} />
      ))}
    </DataTable>
  );
}

function BindingRow({ binding, hasActions }: { binding: Binding; hasActions: boolean }) {
  const may = useMay();
  const mayEverywhere = useMayEverywhere();
  const describe = usePeopleNames();
  const now = useNow();
  const { binding_id, role, namespace, expires_at, made_at, made_by } = binding;
  const hasEnded = isExpired(expires_at, now);
  const mayRevoke = namespace ? may("identity.write", namespace) : mayEverywhere("identity.write");
  const revoke = useAction({
    run: () => got(api.DELETE("/api/v1/bindings/{binding_id}", { params: { path: { binding_id } } })),
    success: () => "The binding is taken away.",
    refresh: [
      ["identity", "bindings"],
      ["identity", "access"],
    ],
  });
  return (
    <Table.Tr c={hasEnded ? "dimmed" : undefined}>
      <Table.Td>{role}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <SubjectLink binding={binding} />
      </Table.Td>
      <Table.Td>{namespace ?? "everywhere"}</Table.Td>
      <Table.Td>
        {expires_at ? (
          <Group gap={6} wrap="nowrap">
            <Moment at={expires_at} />
            {hasEnded && <Sign label="expired" icon={IconClockX} />}
          </Group>
        ) : (
          "for good"
        )}
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Moment at={made_at} />
        <Text size="xs" c="dimmed">
          by {describe(made_by)}
        </Text>
      </Table.Td>
      {hasActions && (
        <Table.Td ta="right">
          {mayRevoke && (
            <ConfirmButton
              label={hasEnded ? "Remove" : "Take away"}
              name={`Take away the role ${role}`}
              title={`Take away the role ${role}?`}
              submit="Take away"
              consequence={
                hasEnded
                  ? "It gives nothing any more; only the list forgets it. The audit log keeps it."
                  : "What is allowed only by it is refused at once. Runs that were started go on."
              }
              action={revoke}
            />
          )}
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function SubjectLink({ binding: { subject } }: { binding: Binding }) {
  const describe = usePeopleNames();
  const mayList = useMayEverywhere()("identity.read");
  const isClaimed = subject.kind === "group" && subject.key.includes(":");
  const text = subject.kind === "person" ? describe(subject.key) : `group ${subject.key}`;
  if (!mayList || isClaimed) return text;
  if (subject.kind === "person") {
    return (
      <TextLink to="/administration/people/$personId" inherit params={{ personId: subject.key }}>
        {text}
      </TextLink>
    );
  }
  return (
    <TextLink to="/administration/groups/$group" inherit params={{ group: subject.key }}>
      {text}
    </TextLink>
  );
}
