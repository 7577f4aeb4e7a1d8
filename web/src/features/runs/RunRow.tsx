import { memo } from "react";
import type { RunView } from "@/api/schema";
import { Ago, Duration } from "@/ui/Moment";
import { RunLink, RunSubject } from "@/ui/RunCells";
import { StatusBadge } from "@/ui/StatusBadge";
import type { TimeKind } from "./address";
import styles from "./RunList.module.css";

interface RunRowProps {
  /** Undefined while it is read. */
  run: RunView | undefined;
  /** That it matched when it was read, and does not any more. */
  isGone: boolean;
  index: number;
  top: number;
  height: number;
  time: TimeKind;
  isSelected: boolean;
  /** Left out where nothing can be done with a selection. */
  onSelect?: (runId: string, isRange: boolean) => void;
}

/** A run in the list, at its place. */
export const RunRow = memo(function RunRow(props: RunRowProps) {
  const { run, isGone, index, top, height, time, isSelected, onSelect } = props;
  const place = { transform: `translateY(${top}px)`, height };
  if (!run) {
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: a row of a table is no control
      // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
      <div role="row" aria-rowindex={index + 2} aria-busy className={`${styles.row} ${styles.grid}`} style={place}>
        <span className={styles.skeleton} />
      </div>
    );
  }
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
          <input
            type="checkbox"
            className={styles.tick}
            checked={isSelected}
            aria-label={`Select the run ${run.run_id} of ${run.namespace}/${run.name}`}
            onChange={(event) => onSelect(run.run_id, (event.nativeEvent as MouseEvent).shiftKey)}
          />
        )}
      </Cell>
      <Cell area="status">
        <StatusBadge status={run.status} />
        {isGone && <div className={styles.gone}>no longer matches</div>}
      </Cell>
      <Cell area="subject">
        <RunSubject run={run} lines={1} />
      </Cell>
      <Cell area="run">
        <RunLink runId={run.run_id} />
      </Cell>
      <Cell area="began">
        <Ago at={at} />
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
    <div role="cell" data-area={area}>
      {children}
    </div>
  );
}
