import { Text, Tooltip } from "@mantine/core";
import type { Figures } from "@/api/schema";
import { describeRate } from "@/lib/figures";
import { type Share, shareOut } from "./health";

const COLORS: Record<Share["kind"], string> = {
  completed: "var(--mantine-color-teal-6)",
  faulted: "var(--mantine-color-red-6)",
  cancelled: "var(--mantine-color-gray-5)",
};

/** How the runs of a workflow ended: the rate in words, and a small bar of the parts. */
export function HealthBar({ figures }: { figures: Figures | undefined }) {
  const parts = figures ? shareOut(figures) : [];
  if (!figures || parts.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        no run ended
      </Text>
    );
  }
  const story = parts.map(({ kind, count }) => `${count} ${kind}`).join(", ");
  return (
    <Tooltip label={story}>
      <div>
        <Text size="sm">
          {describeRate(figures.success_rate)}{" "}
          <Text span size="xs" c="dimmed">
            {story}
          </Text>
        </Text>
        <div style={{ display: "flex", gap: 1, height: 6, borderRadius: 3, overflow: "hidden" }} aria-hidden>
          {parts.map(({ kind, share }) => (
            <div key={kind} style={{ flexGrow: share, minWidth: 3, background: COLORS[kind] }} />
          ))}
        </div>
      </div>
    </Tooltip>
  );
}
