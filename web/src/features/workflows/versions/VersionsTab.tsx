import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { figuresQuery, versionsQuery } from "../queries";
import { Comparison } from "./Comparison";
import { VersionTable } from "./VersionTable";

/** The versions of a workflow, how often each was started, and what differs between two of them. */
export function VersionsTab({ namespace, name }: { namespace: string; name: string }) {
  const may = useMay();
  const versions = useQuery(versionsQuery(namespace, name));
  const figures = useQuery({ ...figuresQuery(namespace, name, "30d"), enabled: may("run.read", namespace) });
  return (
    <Stack gap="md">
      <QueryView query={versions}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="No version has been published yet">
              A version is published from a draft, and never changes afterwards: go on in the tab Edit.
            </EmptyState>
          ) : (
            <Section title="Versions">
              <VersionTable versions={all} subjects={figures.data?.subjects} />
            </Section>
          )
        }
      </QueryView>
      <Comparison namespace={namespace} name={name} />
    </Stack>
  );
}
