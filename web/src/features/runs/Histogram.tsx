import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type PointerEvent, useId, useState } from "react";
import type { Statistics } from "@/api/schema";
import { describeMoment } from "@/lib/time";
import { QueryView } from "@/ui/QueryView";
import { getPeriod, isRestricted, type RunFilters } from "./address";
import styles from "./Histogram.module.css";
import { chooseBars, choosePlot, countAll, describeBar, isInPeriod, toStack } from "./histogram";
import { histogramQuery } from "./queries";

interface HistogramProps {
  filters: RunFilters;
  /** Shows the runs of a period. */
  onChoose: (period: RunFilters) => void;
}

/** How runs ended over time, as bars; one or several of them can be chosen as the period. */
export function Histogram({ filters, onChoose }: HistogramProps) {
  const { namespace, name, version } = filters;
  const subject = { namespace, name, version };
  const key = JSON.stringify(getPeriod(filters));
  const query = useQuery(histogramQuery(subject, () => choosePlot(filters, new Date()), key));
  return (
    <QueryView query={query}>
      {(statistics) => <Bars statistics={statistics} filters={filters} onChoose={onChoose} />}
    </QueryView>
  );
}

const PARTS = ["cancelled", "failed", "completed"] as const;

function Bars({ statistics, filters, onChoose }: HistogramProps & { statistics: Statistics }) {
  const id = useId();
  const { buckets, bucket_seconds: seconds } = statistics;
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const [isDragged, setIsDragged] = useState(false);
  const most = Math.max(0, ...buckets.map((bucket) => countAll(toStack(bucket))));
  const now = new Date();
  const last = buckets.length - 1;
  const isChosen = (index: number) =>
    at !== null && index >= Math.min(at, from ?? at) && index <= Math.max(at, from ?? at);
  const forget = () => {
    setAt(null);
    setFrom(null);
    setIsDragged(false);
  };
  const choose = (index: number) => {
    onChoose(chooseBars(buckets, seconds, from ?? index, index));
    forget();
  };
  const move = (index: number, isLonger: boolean) => {
    const place = Math.min(last, Math.max(0, index));
    setFrom(isLonger ? (from ?? at ?? place) : null);
    setAt(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const place = at ?? last;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => move(place - 1, event.shiftKey),
      ArrowRight: () => move(place + 1, event.shiftKey),
      Home: () => move(0, event.shiftKey),
      End: () => move(last, event.shiftKey),
      Enter: () => choose(place),
      " ": () => choose(place),
      Escape: forget,
    };
    const work = moves[event.key];
    if (!work || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    work();
  };
  const findBar = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(last, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * buckets.length)));
  };
  const unit = seconds === 3600 ? "hour" : "day";
  const pointed = at === null ? undefined : buckets[at];
  return (
    <figure style={{ margin: 0 }}>
      <div
        role="listbox"
        tabIndex={0}
        aria-label={`Runs that ended, by the ${unit}. Arrow keys move, with Shift they choose several, Enter shows their runs.`}
        aria-multiselectable
        aria-activedescendant={at === null ? undefined : `${id}-${at}`}
        className={styles.bars}
        onKeyDown={onKeyDown}
        onFocus={() => !isDragged && setAt((before) => before ?? last)}
        onBlur={forget}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setIsDragged(true);
          setFrom(findBar(event));
          setAt(findBar(event));
        }}
        onPointerMove={(event) => isDragged && setAt(findBar(event))}
        onPointerUp={(event) => isDragged && choose(findBar(event))}
        onPointerCancel={forget}
      >
        {buckets.map((bucket, index) => {
          const stack = toStack(bucket);
          const text = describeBar(bucket);
          return (
            // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names the active bar
            <div
              key={bucket.begins_at}
              id={`${id}-${index}`}
              role="option"
              aria-selected={isChosen(index)}
              aria-label={text}
              title={text}
              className={styles.bar}
              data-outside={!isInPeriod(bucket, seconds, filters, now) || undefined}
              data-chosen={isChosen(index) || undefined}
              data-at={(!isDragged && index === at) || undefined}
            >
              {PARTS.map((part) => (
                <span
                  key={part}
                  className={`${styles.part} ${styles[part]}`}
                  style={{ height: `${(stack[part] / Math.max(1, most)) * 100}%` }}
                />
              ))}
            </div>
          );
        })}
      </div>
      <figcaption>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <Edge at={statistics.since} />
          <Text size="xs" c="dimmed" ta="center" truncate>
            {pointed ? describeBar(pointed) : describeMost(most, unit)}
          </Text>
          <Edge at={statistics.until} />
        </Group>
        <Group gap="md" mt={2}>
          <Legend />
          <Text size="xs" c="dimmed">
            Runs{describeSubject(filters)} that ended, by the {unit}. Click or drag to choose a period.
          </Text>
        </Group>
      </figcaption>
    </figure>
  );
}

function Edge({ at }: { at: string }) {
  return (
    <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
      {/* Whole hours or days begin at no second, and their zone counts. */}
      {describeMoment(new Date(at)).replace(/:\d\d (?=\S+$)/, " ")}
    </Text>
  );
}

function Legend() {
  const entries = [
    ["completed", "completed (lowest)"],
    ["failed", "faulted or damaged"],
    ["cancelled", "cancelled (highest)"],
  ] as const;
  return entries.map(([part, text]) => (
    <Group key={part} gap={5} wrap="nowrap">
      <span className={`${styles.sign} ${styles[part]}`} aria-hidden />
      <Text size="xs" c="dimmed">
        {text}
      </Text>
    </Group>
  ));
}

function describeMost(most: number, unit: string): string {
  return most === 0 ? "none ended in this time" : `most in ${unit === "hour" ? "an hour" : "a day"}: ${most}`;
}

/** Says what bars count: the server counts by workflow only. */
function describeSubject({ namespace, name, version, status, text, parent, top }: RunFilters): string {
  const workflow = [name ?? namespace, version].filter(Boolean).join(" ");
  const isWider = isRestricted({ status, text, parent, top });
  return (workflow ? ` of ${workflow}` : "") + (isWider ? ", of any status, text and parent," : "");
}
