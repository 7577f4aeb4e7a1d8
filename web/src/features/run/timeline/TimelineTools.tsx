import { Group, Switch, Text } from "@mantine/core";
import { IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { memo } from "react";
import { IconTool } from "@/ui/IconTool";
import { ALL, type Range, zoomRange } from "./range";
import classes from "./timeline.module.css";

export interface TimelineToolsProps {
  hasCritical: boolean;
  isShortened: boolean;
  onShorten: (isShortened: boolean) => void;
  onRange: (change: (range: Range) => Range) => void;
}

/** What the marks mean, and how close and how evenly time is looked at. */
export const TimelineTools = memo(function TimelineTools(props: TimelineToolsProps) {
  const { hasCritical, isShortened, onShorten, onRange } = props;
  const zoom = (factor: number) => onRange((range) => zoomRange(range, factor));
  return (
    <Group justify="space-between" gap="xs">
      <Legend hasCritical={hasCritical} />
      <Group gap="xs">
        <Switch
          size="xs"
          label="Shorten long waits"
          checked={isShortened}
          onChange={(event) => onShorten(event.currentTarget.checked)}
        />
        <Group gap={0}>
          <IconTool label="Look closer" onClick={() => zoom(1.5)} icon={<IconZoomIn size={16} aria-hidden />} />
          <IconTool
            label="Look from further"
            onClick={() => zoom(1 / 1.5)}
            icon={<IconZoomOut size={16} aria-hidden />}
          />
          <IconTool
            label="Show all the time"
            onClick={() => onRange(() => ALL)}
            icon={<IconZoomReset size={16} aria-hidden />}
          />
        </Group>
      </Group>
    </Group>
  );
});

function Legend({ hasCritical }: { hasCritical: boolean }) {
  const marks: [string, object][] = [
    ["works", { "data-kind": "work" }],
    ["waits", { "data-kind": "wait" }],
    ["failed", { "data-kind": "work", "data-bad": true }],
    ["child run", { "data-kind": "child" }],
  ];
  return (
    <Text size="xs" c="dimmed" component="div">
      <Group gap="sm">
        {marks.map(([label, marked]) => (
          <span key={label}>
            <span className={classes.swatch} aria-hidden="true">
              <span className={classes.bar} {...marked} />
            </span>
            {label}
          </span>
        ))}
        {hasCritical && (
          <span>
            <span className={classes.swatch} aria-hidden="true">
              <span className={classes.critical} style={{ left: 0, right: 0, bottom: 5 }} />
            </span>
            critical path
          </span>
        )}
      </Group>
    </Text>
  );
}
