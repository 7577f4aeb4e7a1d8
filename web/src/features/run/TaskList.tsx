import { Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { RunTask } from "@/api/schema";
import { VirtualRows, type VirtualRowsHandle } from "@/ui/VirtualRows";
import { findUnreached, listPlaces, type Place } from "./places";
import { definitionQuery } from "./queries";
import classes from "./run.module.css";
import { isSelected, type Selection } from "./selection";
import { TaskRow, UnreachedRow } from "./TaskRow";
import { countTasks, filterTasks, orderTasks, type TaskFilter, type TaskOrder } from "./tasks";

interface TaskListProps {
  runId: string;
  tasks: RunTask[];
  /** Whether they are shown as they were at an earlier time. */
  isPast: boolean;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** The tasks of a run, one a row: failed first, or as they began. */
export function TaskList({ runId, tasks, isPast, selection, onSelect }: TaskListProps) {
  const [filter, setFilter] = useState<TaskFilter>("all");
  const [order, setOrder] = useState<TaskOrder>("grave");
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text);
  const rows = useRef<VirtualRowsHandle>(null);
  const counts = useMemo(() => countTasks(tasks), [tasks]);
  const unreached = useUnreached(runId, tasks, wanted);
  const shown = useMemo(() => orderTasks(filterTasks(tasks, filter, wanted), order), [tasks, filter, wanted, order]);
  const isUnreached = filter === "unreached";
  const count = isUnreached ? unreached.length : shown.length;
  const selected = isUnreached ? -1 : shown.findIndex((task) => isSelected(selection, task));

  // What another view has selected is brought into sight; the rows that come and go move nothing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when something else is selected
  useEffect(() => {
    if (selected >= 0) rows.current?.show(selected);
  }, [selection]);

  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || isUnreached) return;
    const next = shown[Math.min(Math.max(selected + step, 0), shown.length - 1)];
    if (!next) return;
    event.preventDefault();
    onSelect({ reference: next.reference, entry: next.entry });
  };

  return (
    <Stack gap="xs">
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          value={filter}
          onChange={(value) => setFilter(value as TaskFilter)}
          aria-label="Which tasks"
          className={classes.scrolls}
          data={[
            { value: "all", label: `All ${counts.all}` },
            { value: "bad", label: `Failed ${counts.bad}` },
            { value: "open", label: `Under way ${counts.open}` },
            { value: "critical", label: `Critical path ${counts.critical}` },
            { value: "unreached", label: `Not reached ${unreached.length}` },
          ]}
        />
        <SegmentedControl
          size="xs"
          value={order}
          onChange={(value) => setOrder(value as TaskOrder)}
          aria-label="Order"
          data={[
            { value: "grave", label: "Failed first" },
            { value: "begun", label: "As they began" },
          ]}
        />
        <TextInput
          size="xs"
          flex={1}
          miw={160}
          placeholder="Name, place or error"
          aria-label="Find tasks"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </Group>
      {count === 0 ? (
        <Text size="sm" c="dimmed" py="sm">
          {describeNone(filter, wanted, isPast)}
        </Text>
      ) : (
        <VirtualRows
          ref={rows}
          count={count}
          estimate={36}
          label={isUnreached ? "Tasks that the run has not come to" : "Tasks"}
          height="65vh"
          keyOf={(index) => (isUnreached ? (unreached[index]?.reference ?? index) : (shown[index]?.number ?? index))}
          onKeyDown={move}
        >
          {(index) => {
            if (isUnreached) {
              const place = unreached[index];
              return place && <UnreachedRow place={place} selection={selection} onSelect={onSelect} />;
            }
            const task = shown[index];
            return task && <TaskRow task={task} isPast={isPast} isSelected={index === selected} onSelect={onSelect} />;
          }}
        </VirtualRows>
      )}
    </Stack>
  );
}

function useUnreached(runId: string, tasks: RunTask[], text: string): Place[] {
  const { data } = useQuery(definitionQuery(runId));
  const places = useMemo(() => (data ? listPlaces(data.document) : []), [data]);
  return useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return findUnreached(places, tasks).filter((place) => place.reference.toLowerCase().includes(wanted));
  }, [places, tasks, text]);
}

function describeNone(filter: TaskFilter, text: string, isPast: boolean): string {
  if (text.trim() !== "") return "No task here has this in its name, place or error.";
  if (filter === "bad") return "No task has failed.";
  if (filter === "open") return "No task is under way.";
  if (filter === "unreached") return "The run has come to every task of its workflow.";
  return isPast ? "No task had begun by then." : "No task has begun yet.";
}
