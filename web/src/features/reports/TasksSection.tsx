import { List, Loader, Progress, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { TaskFigures, TaskReport } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Section } from "@/ui/Section";
import type { ReportSearch } from "./address";
import { CsvButton } from "./CsvButton";
import { describeLength } from "./comparing";
import type { Period } from "./periods";
import { tasksQuery } from "./queries";
import { addWaits, describeWait, sumWaits } from "./waits";

/** The tasks of the workflow that is looked at: the slowest, what was waited for, what was retried. */
export function TasksSection({ period, search }: { period: Period; search: ReportSearch }) {
  const { namespace = "", name = "", version } = search;
  const report = useQuery({ ...tasksQuery(period, namespace, name, version), enabled: name !== "" });
  if (name === "") {
    return (
      <Section title="Tasks">
        <Text size="sm" c="dimmed">
          Choose a workflow above to see which of its tasks take the time, what they wait for, and which are retried.
        </Text>
      </Section>
    );
  }
  if (report.data && report.data.runs > 0) return <Tasks report={report.data} />;
  return (
    <Section title="Tasks">
      {report.error ? (
        <ErrorNotice error={report.error} onRetry={() => void report.refetch()} />
      ) : report.data ? (
        <Text size="sm" c="dimmed">
          No run that was started in this period has ended.
        </Text>
      ) : (
        <Loader size="sm" aria-label="Reading histories" />
      )}
    </Section>
  );
}

function Tasks({ report }: { report: TaskReport }) {
  const { tasks } = report;
  const basis = report.is_partial
    ? `From the newest ${report.runs.toLocaleString("en")} runs of the period; there are more.`
    : `From all ${report.runs.toLocaleString("en")} runs that were started in the period and have ended.`;
  return (
    <>
      <Section
        title="Tasks, those that took the most time first"
        actions={<CsvButton name="tasks" headings={HEADINGS} rows={() => tasks.map(toRow)} />}
      >
        <Text size="sm" c="dimmed">
          {basis} A task that holds others takes the time of those, too.
        </Text>
        <DataTable
          caption="Tasks by the time that they took"
          headings={["Task", "Kind", "Times", "In all", "Median", "p95", "Waited", "Failures", "Retries"]}
          minWidth={760}
        >
          {tasks.map((task) => (
            <TaskRow key={task.place} task={task} />
          ))}
        </DataTable>
      </Section>
      <Waits tasks={tasks} />
    </>
  );
}

function TaskRow({ task }: { task: TaskFigures }) {
  const waited = sumWaits(task);
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        {task.name}
        <Text size="xs" c="dimmed" ff="monospace">
          {task.place}
        </Text>
      </Table.Td>
      <Table.Td>{task.kind}</Table.Td>
      <Table.Td>{task.count.toLocaleString("en")}</Table.Td>
      <Table.Td>{describeLength(task.total_seconds)}</Table.Td>
      <Table.Td>{describeLength(task.p50_seconds)}</Table.Td>
      <Table.Td>{describeLength(task.p95_seconds)}</Table.Td>
      <Table.Td>{waited > 0 ? describeLength(waited) : "–"}</Table.Td>
      <Table.Td>{task.failures.toLocaleString("en")}</Table.Td>
      <Table.Td>{task.retries.toLocaleString("en")}</Table.Td>
    </Table.Tr>
  );
}

function Waits({ tasks }: { tasks: TaskFigures[] }) {
  const waits = addWaits(tasks);
  const most = waits[0]?.seconds ?? 1;
  return (
    <Section title="Where time is waited, and for what">
      {waits.length === 0 ? (
        <Text size="sm" c="dimmed">
          No task waited.
        </Text>
      ) : (
        <Stack gap="md">
          {waits.map(({ code, seconds, tasks: waiting }) => (
            <Stack key={code} gap={4}>
              <Text size="sm">
                <b>{describeLength(seconds)}</b> {describeWait(code)}
              </Text>
              <Progress value={(seconds / most) * 100} aria-hidden />
              <List size="sm">
                {waiting.slice(0, 5).map(({ place, name, seconds: part }) => (
                  <List.Item key={place}>
                    {name}: {describeLength(part)}
                  </List.Item>
                ))}
              </List>
            </Stack>
          ))}
        </Stack>
      )}
    </Section>
  );
}

const HEADINGS = [
  "place",
  "name",
  "kind",
  "count",
  "completed",
  "failures",
  "stopped",
  "skipped",
  "retries",
  "total_seconds",
  "p50_seconds",
  "p95_seconds",
  "waited_seconds",
];

function toRow(task: TaskFigures) {
  return [
    task.place,
    task.name,
    task.kind,
    task.count,
    task.completed,
    task.failures,
    task.stopped,
    task.skipped,
    task.retries,
    task.total_seconds,
    task.p50_seconds,
    task.p95_seconds,
    sumWaits(task),
  ];
}
