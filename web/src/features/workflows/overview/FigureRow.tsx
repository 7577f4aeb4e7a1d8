import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { describeSeconds } from "@/lib/time";
import { HourBars } from "@/ui/HourBars";
import { QueryView } from "@/ui/QueryView";
import { describeRate } from "../list/health";
import { PERIOD_NAMES, type Period } from "../periods";
import { figuresQuery } from "../queries";

interface FigureRowProps {
  namespace: string;
  name: string;
  period: Period;
}

/** The figures of a workflow in a period, each beside that of the period before, and its runs over time. */
export function FigureRow({ namespace, name, period }: FigureRowProps) {
  const statistics = useQuery(figuresQuery(namespace, name, period));
  return (
    <QueryView query={statistics}>
      {({ total, before, buckets, bucket_seconds }) => (
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 2, sm: 5 }}>
            <Figure label="Started" value={String(total.started)} before={String(before.started)} period={period} />
            <Figure
              label="Succeeded"
              value={describeRate(total.success_rate)}
              before={describeRate(before.success_rate)}
              period={period}
            />
            <Figure
              label="Faulted"
              value={String(total.faulted + total.damaged)}
              before={String(before.faulted + before.damaged)}
              period={period}
            />
            <Figure
              label="Median time"
              value={describeLength(total.p50_seconds)}
              before={describeLength(before.p50_seconds)}
              period={period}
            />
            <Figure
              label="Slowest 5 % took"
              value={describeLength(total.p95_seconds)}
              before={describeLength(before.p95_seconds)}
              period={period}
            />
          </SimpleGrid>
          <HourBars
            buckets={buckets}
            caption={`Its runs that ended, by the ${bucket_seconds === 3600 ? "hour" : "day"}`}
          />
        </Stack>
      )}
    </QueryView>
  );
}

function Figure({ label, value, before, period }: { label: string; value: string; before: string; period: Period }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="xl" fw={700}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {before} in the {PERIOD_NAMES[period]} before
      </Text>
    </Stack>
  );
}

function describeLength(seconds: number | null): string {
  return seconds === null ? "–" : describeSeconds(seconds);
}
