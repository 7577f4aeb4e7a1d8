import { Checkbox, Text } from "@mantine/core";
import { memo } from "react";
import { Duration, Moment } from "@/ui/Moment";
import { RunLink, RunSubject } from "@/ui/RunCells";
import { StatusBadge } from "@/ui/StatusBadge";
import type { TimeKind } from "./address";
import type { Row } from "./pages";
import styles from "./RunList.module.css";

interface RunRowProps {
  /** Undefined while it is read. */
  row: Row | undefined;
  index: number;
  top: number;
  height: number;
  time: TimeKind;
  isSelected: boolean;
  /** Left out where nothing can be done with a selection. */
  onSelect?: (runId: string, isRange: boolean) => void;
}

/** A run in the list, at its place. */
export const RunRow = memo(function RunRow({ row, index, top, height, time, isSelected, onSelect }: RunRowProps) {
  const place = { transform: `translateY(${top}px)`, height };
  if (!row) {
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: a row of a table is no control
      // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
      <div role="row" aria-rowindex={index + 2} aria-busy className={`${styles.row} ${styles.grid}`} style={place}>
        <span className={styles.skeleton} />
      </div>
    );
  }
  const { run, isGone } = row;
  const at = { started: run.created_at, ended: run.ended_at ?? run.created_at, updated: run.updated_at }[time];
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: a row of a table is no control
    // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`${styles.row} ${styles.grid}`}
      style={place}
      data-run={run.run_id}
      data-selected={isSelected || undefined}
      data-gone={isGone || undefined}
    >
      <Cell area="lead">
        {onSelect && (
          <Checkbox
            size="xs"
            checked={isSelected}
            aria-label={`Select the run ${run.run_id} of ${run.namespace}/${run.name}`}
            onChange={(event) => onSelect(run.run_id, (event.nativeEvent as MouseEvent).shiftKey)}
          />
        )}
      </Cell>
      <Cell area="status">
        <StatusBadge status={run.status} />
        {isGone && (
          <Text size="xs" c="dimmed">
            no longer matches
          </Text>
        )}
      </Cell>
      <Cell area="subject">
        <RunSubject run={run} lines={1} />
      </Cell>
      <Cell area="run">
        <RunLink runId={run.run_id} />
      </Cell>
      <Cell area="began">
        <Moment at={at} />
      </Cell>
      <Cell area="took">
        <Duration began={run.created_at} ended={run.ended_at} />
      </Cell>
    </div>
  );
});

function Cell({ area, children }: { area: string; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
    <div role="cell" data-area={area} style={{ minWidth: 0 }}>
      {children}
    </div>
  );
}
