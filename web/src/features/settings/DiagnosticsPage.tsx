import { Button, Table, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconMinus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { DiagnosticFinding, Diagnostics } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { Sign } from "@/ui/Sign";
import { diagnosticsQuery } from "./queries";

const SIGNS = {
  ok: { label: "well", color: "teal", Icon: IconCheck },
  warning: { label: "warning", color: "yellow", Icon: IconAlertTriangle },
  problem: { label: "problem", color: "red", Icon: IconX },
  skipped: { label: "not looked at", color: "gray", Icon: IconMinus },
} as const;

/** What is wrong with the installation. */
export function DiagnosticsPage() {
  const diagnostics = useQuery(diagnosticsQuery);
  return (
    <Page
      title="Diagnostics"
      summary="What kapell doctor can look at while the server runs. Some checks need it stopped: call kapell doctor there."
      actions={
        <Button variant="default" loading={diagnostics.isFetching} onClick={() => void diagnostics.refetch()}>
          Examine again
        </Button>
      }
    >
      <QueryView query={diagnostics}>{(found) => <Findings diagnostics={found} />}</QueryView>
    </Page>
  );
}

function Findings({ diagnostics: { examined_at, problems, warnings, findings } }: { diagnostics: Diagnostics }) {
  return (
    <>
      <Text size="sm" role="status">
        {problems === 0 && warnings === 0
          ? "Nothing is wrong."
          : `${problems} ${problems === 1 ? "problem" : "problems"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}.`}{" "}
        Examined <Moment at={examined_at} />.
      </Text>
      <DataTable caption="Checks" headings={["Check", "State", "What is so"]}>
        {findings.map((finding) => (
          <FindingRow key={`${finding.check} ${finding.text}`} finding={finding} />
        ))}
      </DataTable>
    </>
  );
}

function FindingRow({ finding: { check, status, text, advice } }: { finding: DiagnosticFinding }) {
  const { label, color, Icon } = SIGNS[status];
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>{check}</Table.Td>
      <Table.Td>
        <Sign label={label} icon={Icon} color={color} />
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Prose text={text} />
        {advice && (
          <Text size="sm" fw={600}>
            <Prose text={advice} />
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
