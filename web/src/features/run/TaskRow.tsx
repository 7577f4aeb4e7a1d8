import { IconRoute } from "@tabler/icons-react";
import { memo } from "react";
import type { RunTask } from "@/api/schema";
import { describeSeconds } from "@/lib/time";
import { Ago, Duration } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { StatusBadge } from "@/ui/StatusBadge";
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
  const attempts = task.attempts?.length ?? 0;
  return (
    <div className={`${classes.task} ${isSelected ? classes.selected : ""}`}>
      <span>
        <StatusBadge status={task.status} />
      </span>
      <button
        type="button"
        className={classes.name}
        onClick={() => onSelect(isSelected ? null : { reference: task.reference, entry: task.entry })}
        aria-pressed={isSelected}
      >
        <b>{task.name}</b> <small>{place === task.name ? task.kind : `${place} · ${task.kind}`}</small>
        <Told task={task} />
      </button>
      <span className={classes.marks}>
        {attempts > 1 && <span className={classes.attempts}>{attempts} attempts</span>}
        {task.is_critical && (
          <IconRoute size={16} role="img" aria-label="on the critical path" color="var(--mantine-color-dimmed)">
            <title>On the critical path: the way that took the run its time</title>
          </IconRoute>
        )}
      </span>
      <span className={`${classes.began} ${classes.number}`}>
        <Ago at={task.began_at} />
      </span>
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

function Told({ task }: { task: RunTask }) {
  const open = task.status === "waiting" || task.status === "held" ? task.wait?.text : undefined;
  const told = task.error ? [task.error.title, task.error.detail].filter(Boolean).join(": ") : (open ?? task.text);
  if (!told) return null;
  return (
    <span className={`${classes.told} ${task.status === "faulted" ? classes.bad : ""}`}>
      <Prose text={told} />
    </span>
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
      <button
        type="button"
        className={classes.name}
        onClick={() => onSelect(isSelected ? null : { reference: place.reference })}
        aria-pressed={isSelected}
      >
        <b>{place.name}</b>{" "}
        <small>
          {describePlace(place)} · {place.kind}
        </small>
      </button>
    </div>
  );
}
