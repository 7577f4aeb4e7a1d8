import { ActionIcon, Group, Stack, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { describeSeconds } from "@/lib/time";
import { TextLink } from "@/ui/links";
import { Duration, Moment } from "@/ui/Moment";
import { Section } from "@/ui/Section";
import { StatusBadge } from "@/ui/StatusBadge";
import { Attempts } from "./Attempts";
import { findForkPoint } from "./actions";
import type { View } from "./address";
import { ActionButton } from "./RunActions";
import { isSelected, type Selection } from "./selection";
import { TextButton } from "./TextButton";
import { describePlace, listSteps } from "./tasks";
import { Why } from "./Why";

interface TaskPanelProps {
  run: RunView;
  tasks: RunTask[];
  isPast: boolean;
  selection: Selection;
  onSelect: (selection: Selection | null) => void;
  onShow: (view: View, selection?: Selection) => void;
}

/** The task that is selected: what became of it, why, and what can be done with it. */
export function TaskPanel({ run, tasks, isPast, selection, onSelect, onShow }: TaskPanelProps) {
  const found = tasks.filter((task) => isSelected(selection, task));
  const task = found.at(-1);
  const name = task?.name ?? listSteps(selection.reference).at(-1) ?? selection.reference;
  const fork = task && !isPast ? findForkPoint(selection.reference) : null;
  const mayData = useMay()("run.data", run.namespace);
  return (
    <Section
      title={name}
      actions={
        <ActionIcon variant="subtle" color="gray" aria-label="Select nothing" onClick={() => onSelect(null)}>
          <IconX size={16} aria-hidden />
        </ActionIcon>
      }
    >
      <Stack gap="xs">
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {describePlace(selection)}
          {found.length > 1 && ` · the flow came here ${found.length} times; this is the last`}
        </Text>
        {task ? (
          <>
            <Group gap="xs">
              <StatusBadge status={task.status} />
              <Text size="sm" c="dimmed">
                {task.kind}
                {task.is_critical && " · on the critical path"}
              </Text>
            </Group>
            <dl style={{ margin: 0, display: "grid", gap: 2 }}>
              <Fact label="Began">
                <Moment at={task.began_at} full />
              </Fact>
              {task.ended_at && (
                <Fact label="Ended">
                  <Moment at={task.ended_at} full />
                </Fact>
              )}
              <Fact label="Took">
                {isPast || task.ended_at ? (
                  describeSeconds(task.seconds ?? 0)
                ) : (
                  <Duration began={task.began_at} ended={null} />
                )}
              </Fact>
              {typeof task.items === "number" && <Fact label="Items">{task.items}</Fact>}
              {task.due && (
                <Fact label="Waits until">
                  <Moment at={task.due} full />
                </Fact>
              )}
              {task.child_run_id && (
                <Fact label="Child run">
                  <TextLink to="/runs/$runId" params={{ runId: task.child_run_id }} size="sm" ff="monospace">
                    {task.child_run_id}
                  </TextLink>
                </Fact>
              )}
            </dl>
            {task.error && (
              <Text
                size="sm"
                c="var(--mantine-color-error)"
                style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
              >
                {[task.error.title, task.error.detail].filter(Boolean).join(": ")}
              </Text>
            )}
            <Attempts task={task} />
          </>
        ) : (
          <Text size="sm">
            {isPast ? "The run had not come to this task by then." : "The run has not come to this task."}
          </Text>
        )}
        {!isPast && (
          <div>
            <Text size="sm" fw={600}>
              Why?
            </Text>
            <Why runId={run.run_id} task={selection.reference} onSelect={onSelect} />
          </div>
        )}
        <Group gap={4}>
          <TextButton onClick={() => onShow("history", selection)}>In the history</TextButton>
          {mayData && <TextButton onClick={() => onShow("log", selection)}>In the log</TextButton>}
          {fork && <ActionButton run={run} action="fork" reference={fork} variant="subtle" size="compact-xs" />}
        </Group>
        {fork && fork !== selection.reference && (
          <Text size="xs" c="dimmed">
            A fork begins at {describePlace({ reference: fork })}: one cannot begin within a `for`, `fork` or `try`.
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Text size="sm" component="div">
      <Text component="dt" span c="dimmed">
        {label}
      </Text>{" "}
      <Text component="dd" span m={0}>
        {children}
      </Text>
    </Text>
  );
}
