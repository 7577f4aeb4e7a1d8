import { ActionIcon, Group, Stack, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { describeSeconds } from "@/lib/time";
import { TextLink } from "@/ui/links";
import { Duration, Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { Section } from "@/ui/Section";
import { StatusBadge } from "@/ui/StatusBadge";
import { Attempts } from "./Attempts";
import { findForkPoint } from "./actions";
import type { View } from "./address";
import { Facts } from "./Facts";
import { ActionButton } from "./RunActions";
import classes from "./run.module.css";
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
            <Facts facts={listFacts(task, isPast)} />
            {task.error && (
              <Text size="sm" className={classes.bad} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                <Prose text={[task.error.title, task.error.detail].filter(Boolean).join(": ")} />
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
            A fork begins at {describePlace({ reference: fork })}:{" "}
            <Prose text="one cannot begin within a `for`, `fork` or `try`." />
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function listFacts(task: RunTask, isPast: boolean): [string, ReactNode][] {
  const facts: [string, ReactNode][] = [["Began", <Moment key="began" at={task.began_at} full />]];
  if (task.ended_at) facts.push(["Ended", <Moment key="ended" at={task.ended_at} full />]);
  const isOver = isPast || task.ended_at;
  facts.push([
    "Took",
    isOver ? describeSeconds(task.seconds ?? 0) : <Duration key="took" began={task.began_at} ended={null} />,
  ]);
  if (typeof task.items === "number") facts.push(["Items", task.items]);
  if (task.due) facts.push(["Waits until", <Moment key="due" at={task.due} full />]);
  if (task.child_run_id) {
    facts.push([
      "Child run",
      <TextLink key="child" to="/runs/$runId" params={{ runId: task.child_run_id }} size="sm" ff="monospace">
        {task.child_run_id}
      </TextLink>,
    ]);
  }
  return facts;
}
