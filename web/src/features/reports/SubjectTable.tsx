import { Table, Text } from "@mantine/core";
import type { Statistics, SubjectFigures } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Section } from "@/ui/Section";
import type { ReportSearch } from "./address";
import { CsvButton } from "./CsvButton";
import { describeLength, describeRate, tellFailureRate } from "./comparing";

/** The same figures for each workflow; for each version, where one workflow is looked at. */
export function SubjectTable({ statistics, search }: { statistics: Statistics; search: ReportSearch }) {
  const isByVersion = search.name !== undefined;
  const { subjects } = statistics;
  return (
    <Section
      title={isByVersion ? "By version" : "By workflow"}
      actions={
        subjects.length > 0 && (
          <CsvButton
            name={isByVersion ? "runs-by-version" : "runs-by-workflow"}
            headings={[
              "namespace",
              "name",
              "version",
              "started",
              "completed",
              "faulted",
              "cancelled",
              "damaged",
              "success_rate",
              "p50_seconds",
              "p95_seconds",
            ]}
            rows={() =>
              subjects.map(({ namespace, name, version, figures }) => [
                namespace,
                name,
                version,
                figures.started,
                figures.completed,
                figures.faulted,
                figures.cancelled,
                figures.damaged,
                figures.success_rate,
                figures.p50_seconds,
                figures.p95_seconds,
              ])
            }
          />
        )
      }
    >
      {subjects.length === 0 ? (
        <Text size="sm" c="dimmed">
          No run was started or ended in this period.
        </Text>
      ) : (
        <DataTable
          caption={isByVersion ? "Figures by version" : "Figures by workflow"}
          headings={[
            isByVersion ? "Version" : "Workflow",
            "Started",
            "Completed",
            "Faulted",
            "Failure rate",
            "Median time",
            "p95",
          ]}
          minWidth={620}
        >
          {subjects.map((subject) => (
            <SubjectRow
              key={`${subject.namespace}/${subject.name}/${subject.version}`}
              subject={subject}
              statistics={statistics}
              search={search}
            />
          ))}
        </DataTable>
      )}
    </Section>
  );
}

interface SubjectRowProps {
  subject: SubjectFigures;
  statistics: Statistics;
  search: ReportSearch;
}

function SubjectRow({ subject, statistics, search }: SubjectRowProps) {
  const { namespace, figures } = subject;
  const name = subject.name ?? undefined;
  const version = subject.version ?? undefined;
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <TextLink to="/reports" search={{ ...search, namespace, name, version }} inherit>
          {version ?? `${namespace}/${name}`}
        </TextLink>
      </Table.Td>
      <Table.Td>{figures.started.toLocaleString("en")}</Table.Td>
      <Table.Td>{figures.completed.toLocaleString("en")}</Table.Td>
      <Table.Td>
        {figures.faulted === 0 ? (
          0
        ) : (
          <TextLink
            to="/runs"
            search={{
              namespace,
              name,
              version,
              status: ["faulted"],
              ended_after: statistics.since,
              ended_before: statistics.until,
            }}
            inherit
            aria-label={`${figures.faulted} faulted: show those that still are`}
          >
            {figures.faulted.toLocaleString("en")}
          </TextLink>
        )}
      </Table.Td>
      <Table.Td>{describeRate(tellFailureRate(figures))}</Table.Td>
      <Table.Td>{describeLength(figures.p50_seconds)}</Table.Td>
      <Table.Td>{describeLength(figures.p95_seconds)}</Table.Td>
    </Table.Tr>
  );
}
