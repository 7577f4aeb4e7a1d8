import { Badge, Group, Text, UnstyledButton } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { memo } from "react";
import type { RunTask } from "@/api/schema";
import { describeDistance, describeMoment, describeSeconds } from "@/lib/time";
import { Duration } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { StatusBadge } from "@/ui/StatusBadge";
import { useNow } from "@/ui/useNow";
import type { Place } from "./places";
import classes from "./run.module.css";
import { isSelected as isChosen, type Selection } from "./selection";
import { describePlace } from "./tasks";

interface TaskRowProps {
  task: RunTask;
  isPast: boolean;
  isSelected: boolean;
  onSelect: (selection: Selection | null) => void;
}

/** A task in the list: where it stands, where it is in the workflow, when it began and how long it took. */
export const TaskRow = memo(function TaskRow({ task, isPast, isSelected, onSelect }: TaskRowProps) {
  const place = describePlace(task);
  return (
    <div className={`${classes.task} ${isSelected ? classes.selected : ""}`}>
      <span>
        <StatusBadge status={task.status} />
      </span>
      <UnstyledButton
        className={classes.name}
        onClick={() => onSelect(isSelected ? null : { reference: task.reference, entry: task.entry })}
        aria-pressed={isSelected}
      >
        <Text span size="sm" fw={600}>
          {task.name}
        </Text>{" "}
        <Text span size="xs" c="dimmed">
          {place === task.name ? task.kind : `${place} · ${task.kind}`}
        </Text>
        <Told task={task} />
      </UnstyledButton>
      <Group gap={4} className={classes.marks} wrap="nowrap">
        {(task.attempts?.length ?? 0) > 1 && (
          <Badge size="sm" variant="default" tt="none">
            {task.attempts?.length} attempts
          </Badge>
        )}
        {task.is_critical && (
          <IconRoute size={16} role="img" aria-label="on the critical path" color="var(--mantine-color-dimmed)">
            <title>On the critical path: the way that took the run its time</title>
          </IconRoute>
        )}
      </Group>
      <Text size="xs" c="dimmed" className={`${classes.began} ${classes.number}`}>
        <Ago at={task.began_at} />
      </Text>
      <span className={classes.number}>
        {isPast || task.ended_at ? (
          describeSeconds(task.seconds ?? 0)
        ) : (
          <Duration began={task.began_at} ended={task.ended_at} />
        )}
      </span>
    </div>
  );
});

/** How long ago a moment was. There are many of these: the time in full is a title, and no tooltip is made for it. */
function Ago({ at }: { at: string }) {
  const now = useNow();
  const moment = new Date(at);
  return (
    <time dateTime={at} title={describeMoment(moment)}>
      {describeDistance(moment, now)}
    </time>
  );
}

function Told({ task }: { task: RunTask }) {
  const open = task.status === "waiting" || task.status === "held" ? task.wait?.text : undefined;
  const told = task.error ? [task.error.title, task.error.detail].filter(Boolean).join(": ") : (open ?? task.text);
  if (!told) return null;
  return (
    <Text
      size="xs"
      className={task.status === "faulted" ? classes.bad : undefined}
      c={task.status === "faulted" ? undefined : "dimmed"}
      lineClamp={2}
    >
      <Prose text={told} />
    </Text>
  );
}

/** A task of the workflow that the run has not come to. */
export function UnreachedRow(props: {
  place: Place;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}) {
  const { place, selection, onSelect } = props;
  const isSelected = isChosen(selection, place);
  return (
    <div className={`${classes.task} ${isSelected ? classes.selected : ""}`}>
      <span>
        <StatusBadge status="pending" />
      </span>
      <UnstyledButton
        className={classes.name}
        onClick={() => onSelect(isSelected ? null : { reference: place.reference })}
        aria-pressed={isSelected}
      >
        <Text span size="sm" fw={600}>
          {place.name}
        </Text>{" "}
        <Text span size="xs" c="dimmed">
          {describePlace(place)} · {place.kind}
        </Text>
      </UnstyledButton>
    </div>
  );
}
