import { SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { describeLength, describeRate } from "@/lib/figures";
import { PERIOD_NAMES, type Period } from "@/lib/periods";
import { Figure } from "@/ui/Figure";
import { HourBars } from "@/ui/HourBars";
import { QueryView } from "@/ui/QueryView";
import { figuresQuery } from "../queries";

interface FigureRowProps {
  namespace: string;
  name: string;
  period: Period;
}

/** The figures of a workflow in a period, each beside that of the period before, and its runs over time. */
export function FigureRow({ namespace, name, period }: FigureRowProps) {
  const statistics = useQuery(figuresQuery(namespace, name, period));
  const tell = (figure: string) => `${figure} in the ${PERIOD_NAMES[period]} before`;
  return (
    <QueryView query={statistics}>
      {({ total, before, buckets, bucket_seconds }) => (
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 2, sm: 5 }}>
            <Figure label="Started" value={String(total.started)} before={tell(String(before.started))} />
            <Figure
              label="Succeeded"
              value={describeRate(total.success_rate)}
              before={tell(describeRate(before.success_rate))}
            />
            <Figure
              label="Faulted"
              value={String(total.faulted + total.damaged)}
              before={tell(String(before.faulted + before.damaged))}
            />
            <Figure
              label="Median time"
              value={describeLength(total.p50_seconds)}
              before={tell(describeLength(before.p50_seconds))}
            />
            <Figure
              label="Slowest 5 % took"
              value={describeLength(total.p95_seconds)}
              before={tell(describeLength(before.p95_seconds))}
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
