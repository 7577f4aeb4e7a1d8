import { Anchor, Table, Text } from "@mantine/core";
import { IconBan, IconCheck } from "@tabler/icons-react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { AuditRecord } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Sign } from "@/ui/Sign";
import { describeAction } from "./words";

const route = getRouteApi("/administration/audit");

/** Records of the log, one a row; each opens its details. */
export function RecordTable({ records }: { records: AuditRecord[] }) {
  return (
    <DataTable
      caption="Audit records, the newest first"
      headings={["No.", "When", "Who", "Did", "Target", "Namespace", "Decision"]}
      minWidth={820}
    >
      {records.map((record) => (
        <RecordRow key={record.number} record={record} />
      ))}
    </DataTable>
  );
}

function RecordRow({ record }: { record: AuditRecord }) {
  const { number, at, action, target, namespace, decision } = record;
  const search = route.useSearch();
  const navigate = useNavigate();
  const words = describeAction(action);
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor
          component="button"
          type="button"
          size="sm"
          aria-label={`Record ${number}: details`}
          aria-haspopup="dialog"
          onClick={() => void navigate({ to: "/administration/audit", search: { ...search, record: number } })}
        >
          {number}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <Moment at={at} />
      </Table.Td>
      <Table.Td miw={130} style={{ overflowWrap: "anywhere" }}>
        <Actor record={record} />
      </Table.Td>
      <Table.Td>
        {words || action}
        {words && (
          <Text size="xs" c="dimmed" ff="monospace">
            {action}
          </Text>
        )}
      </Table.Td>
      <Table.Td miw={150} maw={240} style={{ overflowWrap: "anywhere" }}>
        <Text size="xs" ff="monospace">
          <Target target={target} />
        </Text>
      </Table.Td>
      <Table.Td>{namespace}</Table.Td>
      <Table.Td>
        <DecisionBadge decision={decision} />
      </Table.Td>
    </Table.Tr>
  );
}

/** What it was done to; a link where that has a page. */
function Target({ target }: { target: string }) {
  const runId = /^run\/([0-9a-z]{26})$/.exec(target)?.[1];
  if (runId === undefined) return target;
  return (
    <TextLink to="/runs/$runId" params={{ runId }} inherit>
      {target}
    </TextLink>
  );
}

/** Who did it: by name, unless that was erased. */
export function Actor({ record }: { record: AuditRecord }) {
  if (record.private) return record.private.actor_name || record.actor_id;
  return (
    <>
      {record.actor_id}{" "}
      <Text span size="xs" c="dimmed">
        (redacted)
      </Text>
    </>
  );
}

/** Whether it was allowed. */
export function DecisionBadge({ decision }: { decision: string }) {
  return decision === "denied" ? (
    <Sign label={decision} icon={IconBan} color="red" />
  ) : (
    <Sign label={decision} icon={IconCheck} />
  );
}
