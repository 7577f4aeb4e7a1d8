import { Alert, Button, Code, List, Progress, Stack, Table, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { AuditReport, AuditVerification } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Duration, Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { AuditTabs } from "./AuditTabs";
import { verificationQuery } from "./queries";
import { describeKind, describeReport, tellProgress } from "./words";

/** Whether the log is as it was written. */
export function VerificationPage() {
  const queryClient = useQueryClient();
  const verification = useQuery(verificationQuery);
  const begin = useMutation({
    mutationFn: () => got(api.POST("/api/v1/audit/verify")),
    onSuccess: (begun) => queryClient.setQueryData(verificationQuery.queryKey, begun),
  });
  const isRunning = verification.data?.status === "running";
  return (
    <Page
      title="Verification"
      summary="Reads the whole log as evidence and says whether something was changed, taken out, put in or moved."
      actions={
        <Button onClick={() => begin.mutate()} loading={begin.isPending} disabled={isRunning}>
          {verification.data?.status === "never" ? "Verify the log" : "Verify it again"}
        </Button>
      }
    >
      <AuditTabs />
      {begin.error && <ErrorNotice error={begin.error} />}
      <QueryView query={verification}>{(found) => <Standing verification={found} />}</QueryView>
      <Section title="What this cannot tell">
        <Text size="sm">
          The server verifies its own log here. Whoever has the database and the signing key could rewrite both: only a
          head that a witness kept shows that. On another machine, with the witness&apos;s file:
        </Text>
        <Code block>kapell audit verify --head witness.jsonl</Code>
      </Section>
    </Page>
  );
}

function Standing({ verification }: { verification: AuditVerification }) {
  const { status, started_at, ended_at, checked = 0, total = 0, report, error } = verification;
  const progress = tellProgress(checked, total);
  return (
    <Stack gap="sm" aria-live="polite">
      {status === "never" && (
        <Text size="sm">
          The log has not been verified since the server started. A million records take a minute or two.
        </Text>
      )}
      {status === "running" && (
        <>
          <Text size="sm">
            Verifying: {checked.toLocaleString("en")} of {total.toLocaleString("en")} records. The server goes on
            meanwhile.
          </Text>
          <Progress value={progress ?? 100} animated={progress === null} aria-label="Records that were checked" />
        </>
      )}
      {status === "failed" && (
        <Alert color="red" icon={<IconShieldX aria-hidden />} title="The log could not be read to its end">
          {error}
        </Alert>
      )}
      {report && <Report report={report} />}
      {started_at && ended_at && (
        <Text size="xs" c="dimmed">
          Verified <Moment at={ended_at} />, in <Duration began={started_at} ended={ended_at} />
        </Text>
      )}
    </Stack>
  );
}

function Report({ report }: { report: AuditReport }) {
  const [verdict, ...rest] = describeReport(report);
  const Icon = report.is_verified ? IconShieldCheck : IconShieldX;
  return (
    <Stack gap="sm">
      <Alert color={report.is_verified ? "teal" : "red"} icon={<Icon aria-hidden />} title={verdict}>
        <Text size="sm">{rest.join(" ")}</Text>
        {report.keys.length > 0 && (
          <List size="sm" mt="xs">
            {report.keys.map((key) => (
              <List.Item key={key}>
                Signed with the key <Code>{key}</Code>
              </List.Item>
            ))}
          </List>
        )}
        {!report.is_verified && (
          <Text size="sm" mt="xs">
            Stop the server, and keep a copy of the database, the key and the witness&apos;s heads before anything else.
          </Text>
        )}
      </Alert>
      {report.findings.length > 0 && (
        <DataTable caption="What is wrong with the log" headings={["What", "Where", "In words"]}>
          {report.findings.map((finding) => (
            <Table.Tr key={`${finding.place} ${finding.text}`}>
              <Table.Td>{describeKind(finding.kind)}</Table.Td>
              <Table.Td>{finding.place}</Table.Td>
              <Table.Td>
                <Prose text={finding.text} />
              </Table.Td>
            </Table.Tr>
          ))}
        </DataTable>
      )}
      {report.finding_count > report.findings.length && (
        <Text size="sm">
          The first {report.findings.length} of {report.finding_count.toLocaleString("en")} are shown.
        </Text>
      )}
    </Stack>
  );
}
