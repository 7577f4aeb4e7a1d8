import { SegmentedControl, SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Bucket, Statistics } from "@/api/schema";
import { describeLength, describeRate } from "@/lib/figures";
import { PERIOD_NAMES, PERIODS, type Period } from "@/lib/periods";
import { Figure } from "@/ui/Figure";
import { HourBars } from "@/ui/HourBars";
import { TextLink } from "@/ui/links";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { BAD, figuresQuery } from "./queries";

const route = getRouteApi("/");

/** How much was done in the last time, and how much of it went well; each figure leads to the runs that it counts. */
export function OverTime() {
  const { period = "24h" } = route.useSearch();
  const navigate = route.useNavigate();
  const statistics = useQuery(figuresQuery(period));
  return (
    <Section
      title={`The last ${PERIOD_NAMES[period]}`}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Period"
          value={period}
          onChange={(chosen) => void navigate({ search: { period: chosen as Period }, replace: true })}
          data={PERIODS.map((value) => ({ value, label: PERIOD_NAMES[value] }))}
        />
      }
    >
      <QueryView query={statistics}>{(found) => <Told statistics={found} period={period} />}</QueryView>
    </Section>
  );
}

const DISTANCES: Record<Period, string> = { "24h": "-24h", "7d": "-7d", "30d": "-30d" };

function Told({
  statistics: { total, before, buckets, bucket_seconds },
  period,
}: {
  statistics: Statistics;
  period: Period;
}) {
  const tell = (figure: string) => `${figure} in the ${PERIOD_NAMES[period]} before`;
  const count = (number: number) => number.toLocaleString("en");
  const bad = total.faulted + total.damaged;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }}>
        <Figure
          label="Started"
          value={
            <TextLink to="/runs" search={{ started_after: DISTANCES[period] }} inherit>
              {count(total.started)}
            </TextLink>
          }
          before={tell(count(before.started))}
        />
        <Figure
          label="Succeeded"
          value={describeRate(total.success_rate)}
          before={tell(describeRate(before.success_rate))}
        />
        <Figure
          label="Faulted"
          value={
            <TextLink to="/runs" search={{ status: [...BAD], ended_after: DISTANCES[period] }} inherit>
              {count(bad)}
            </TextLink>
          }
          before={tell(count(before.faulted + before.damaged))}
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
        caption={`Runs that ended, by the ${bucket_seconds === 3600 ? "hour" : "day"}`}
        searchOf={(bucket) => listEnded(bucket, bucket_seconds)}
      />
      <TextLink to="/reports" size="sm">
        Reports: by workflow, by task, against the period before
      </TextLink>
    </Stack>
  );
}

/** Returns where the runs are listed that ended in a part of the period. */
function listEnded({ begins_at }: Bucket, seconds: number) {
  const ended_before = new Date(Date.parse(begins_at) + seconds * 1000).toISOString();
  return { ended_after: begins_at, ended_before };
}
