import { Alert, Group, Loader, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { findInputSchema, makeField } from "@/ui/values/fields";
import { readText } from "../editor/readText";
import { inputQuery, versionQuery, versionsQuery } from "../queries";
import { StartForm } from "./StartForm";

const route = getRouteApi("/workflows/$namespace/$name");

/** Starts a run: of a version, with an input that is written into a form or as JSON. */
export function StartTab({ namespace, name }: { namespace: string; name: string }) {
  const { version: asked } = route.useSearch();
  const navigate = route.useNavigate();
  const versions = useQuery(versionsQuery(namespace, name));
  return (
    <QueryView query={versions}>
      {(all) => {
        const startable = all.filter((version) => version.deprecation === null);
        const chosen = startable.find((version) => version.version === asked) ?? startable[0];
        if (!chosen) {
          return <Alert color="gray">All versions are deprecated, so that no run can be started.</Alert>;
        }
        return (
          <Section title={`Start ${namespace}/${name}`}>
            <Stack gap="md">
              {asked !== undefined && chosen.version !== asked && (
                <Alert color="yellow">
                  Version {asked} cannot be started: it is deprecated, or there is none. This is {chosen.version}.
                </Alert>
              )}
              <Group align="flex-end">
                <Select
                  label="Version"
                  data={startable.map(({ version }, index) => ({
                    value: version,
                    label: index === 0 ? `${version} (newest)` : version,
                  }))}
                  value={chosen.version}
                  onChange={(value) =>
                    void navigate({
                      search: (before) => ({ ...before, version: value ?? undefined }),
                      replace: true,
                    })
                  }
                  allowDeselect={false}
                  w={200}
                />
                {chosen.note && (
                  <Text size="sm" c="dimmed" pb={8}>
                    <Prose text={chosen.note} />
                  </Text>
                )}
              </Group>
              <VersionForm namespace={namespace} name={name} version={chosen.version} />
            </Stack>
          </Section>
        );
      }}
    </QueryView>
  );
}

function VersionForm({ namespace, name, version }: { namespace: string; name: string; version: string }) {
  const stored = useQuery(versionQuery(namespace, name, version));
  return (
    <QueryView query={stored}>
      {({ source }) => <WithSchema namespace={namespace} name={name} version={version} source={source} />}
    </QueryView>
  );
}

interface WithSchemaProps {
  namespace: string;
  name: string;
  version: string;
  source: string;
}

function WithSchema({ namespace, name, version, source }: WithSchemaProps) {
  const { input, from } = route.useSearch();
  const isFrom = input === undefined && from !== undefined;
  const before = useQuery({ ...inputQuery(from ?? ""), enabled: isFrom });
  const field = useMemo(() => {
    const schema = findInputSchema(readText(source).value);
    return schema === undefined ? null : makeField(schema);
  }, [source]);
  const form = { namespace, name, version, field };
  if (!isFrom) return <StartForm {...form} begin={input} />;
  if (before.isPending) return <Loader size="sm" aria-label="Reading the input of the earlier run" />;
  return (
    <Stack gap="sm">
      {before.error ? (
        <ErrorNotice error={before.error} />
      ) : (
        <Text size="sm" c="dimmed">
          The form begins with the input of the run{" "}
          <TextLink to="/runs/$runId" params={{ runId: from }} inherit ff="monospace">
            {from}
          </TextLink>
          .
        </Text>
      )}
      <StartForm key={from} {...form} begin={before.data?.value} />
    </Stack>
  );
}
