import { Badge, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMay } from "@/features/session/permissions";
import { PERIOD_NAMES, PERIODS, readPeriod } from "@/lib/periods";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { RunTable } from "@/ui/RunTable";
import { Section } from "@/ui/Section";
import { draftQuery, recentRunsQuery, versionsQuery } from "../queries";
import { FigureRow } from "./FigureRow";

const route = getRouteApi("/workflows/$namespace/$name");

interface OverviewProps {
  namespace: string;
  name: string;
}

/** What a workflow is, how its runs have fared, and the newest of them. */
export function OverviewTab({ namespace, name }: OverviewProps) {
  const may = useMay();
  return (
    <Stack gap="md">
      <About namespace={namespace} name={name} />
      {may("run.read", namespace) && (
        <>
          <Figures namespace={namespace} name={name} />
          <RecentRuns namespace={namespace} name={name} />
        </>
      )}
    </Stack>
  );
}

function About({ namespace, name }: OverviewProps) {
  const versions = useQuery(versionsQuery(namespace, name));
  const draft = useQuery(draftQuery(namespace, name));
  const newest = versions.data?.find((version) => version.deprecation === null) ?? versions.data?.[0];
  return (
    <Section title="About">
      {newest?.summary && (
        <Text size="sm" maw="80ch" style={{ overflowWrap: "anywhere" }}>
          <Prose text={newest.summary} />
        </Text>
      )}
      {newest && Object.keys(newest.tags).length > 0 && (
        <Group gap={4}>
          {Object.entries(newest.tags).map(([key, value]) => (
            <Badge key={key} variant="default" tt="none" fw={400}>
              {key}: {typeof value === "string" ? value : JSON.stringify(value)}
            </Badge>
          ))}
        </Group>
      )}
      <Text size="sm">
        {newest ? (
          <>
            Newest version <b>{newest.version}</b>
            {newest.deprecation && " (deprecated, as all others are: no run of it can be started)"}, published by{" "}
            {newest.published_by_name} <Moment at={newest.published_at} />.{" "}
            <TextLink
              to="/workflows/$namespace/$name"
              params={{ namespace, name }}
              search={{ tab: "versions" }}
              underline="always"
            >
              {versions.data?.length === 1 ? "One version" : `All ${versions.data?.length} versions`}
            </TextLink>
          </>
        ) : (
          "No version has been published yet: there is but a draft."
        )}
      </Text>
      {draft.data && (
        <Text size="sm">
          {draft.data.updated_by_name} saved a draft <Moment at={draft.data.updated_at} />.{" "}
          <TextLink
            to="/workflows/$namespace/$name"
            params={{ namespace, name }}
            search={{ tab: "edit" }}
            underline="always"
          >
            Open it
          </TextLink>
        </Text>
      )}
    </Section>
  );
}

function Figures({ namespace, name }: OverviewProps) {
  const { period = "7d" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Section
      title="How it fares"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Period"
          data={PERIODS.map((value) => ({ value, label: PERIOD_NAMES[value] }))}
          value={period}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, period: readPeriod(value) }), replace: true })
          }
        />
      }
    >
      <FigureRow namespace={namespace} name={name} period={period} />
    </Section>
  );
}

function RecentRuns({ namespace, name }: OverviewProps) {
  const runs = useQuery(recentRunsQuery(namespace, name));
  return (
    <Section
      title="Newest runs"
      actions={
        <TextLink to="/runs" search={{ namespace, name }} size="sm">
          All its runs
        </TextLink>
      }
    >
      <QueryView query={runs}>
        {(page) =>
          page.items.length === 0 ? (
            <EmptyState title="It has not run yet">
              A run is one execution of a version: begin one in the tab Start, or over the API.
            </EmptyState>
          ) : (
            <RunTable runs={page.items} caption={`Newest runs of ${namespace}/${name}`} />
          )
        }
      </QueryView>
    </Section>
  );
}
