import { Alert, Group, Loader, SegmentedControl, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { diffQuery, draftQuery, versionQuery, versionsQuery } from "../queries";
import { ChangeList } from "./ChangeList";
import { chooseCompared } from "./changes";

const TextDiff = lazy(async () => ({ default: (await import("./TextDiff")).TextDiff }));
const route = getRouteApi("/workflows/$namespace/$name");

/** Two versions, or a version and the draft, compared by what they mean and by their text. */
export function Comparison({ namespace, name }: { namespace: string; name: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const versions = useQuery(versionsQuery(namespace, name));
  const draft = useQuery(draftQuery(namespace, name));
  const [view, setView] = useState("meaning");
  const all = versions.data?.map(({ version }) => version) ?? [];
  const compared = chooseCompared(all, Boolean(draft.data), search);
  if (compared === null) return null;
  const choices = [...(draft.data ? [{ value: "draft", label: "the draft" }] : []), ...all];
  const choose = (changed: { old?: string; new?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...compared, ...changed }), replace: true });
  return (
    <Section title="Compare">
      <Group align="flex-end">
        <Select
          label="What changed from"
          data={choices}
          value={compared.old}
          onChange={(value) => value && choose({ old: value })}
          allowDeselect={false}
          w={180}
        />
        <Select
          label="to"
          data={choices}
          value={compared.new}
          onChange={(value) => value && choose({ new: value })}
          allowDeselect={false}
          w={180}
        />
        <SegmentedControl
          aria-label="How they are compared"
          value={view}
          onChange={setView}
          data={[
            { value: "meaning", label: "Tasks" },
            { value: "text", label: "Text" },
          ]}
        />
      </Group>
      {view === "meaning" ? (
        <Meaning namespace={namespace} name={name} {...compared} />
      ) : (
        <Suspense fallback={<Loader size="sm" role="status" aria-label="Loading" />}>
          <Texts namespace={namespace} name={name} {...compared} />
        </Suspense>
      )}
    </Section>
  );
}

interface ComparedProps {
  namespace: string;
  name: string;
  old: string;
  new: string;
}

function Meaning({ namespace, name, old: before, new: after }: ComparedProps) {
  const diff = useQuery(diffQuery(namespace, name, before, after));
  return (
    <QueryView query={diff}>
      {(comparison) => {
        if (comparison.lines === "") return <Text size="sm">The two texts are the same.</Text>;
        if (!comparison.changes) {
          return (
            <Alert color="yellow">
              {comparison.invalid?.join(" and ") || "One of them"} is no valid workflow, so that its tasks cannot be
              told: compare the texts.
            </Alert>
          );
        }
        return <ChangeList changes={comparison.changes} />;
      }}
    </QueryView>
  );
}

function Texts({ namespace, name, old: before, new: after }: ComparedProps) {
  const one = useText(namespace, name, before);
  const other = useText(namespace, name, after);
  if (one === undefined || other === undefined) return <Loader size="sm" role="status" aria-label="Loading" />;
  return <TextDiff before={one} after={other} beforeLabel={nameOf(before)} afterLabel={nameOf(after)} />;
}

function useText(namespace: string, name: string, version: string): string | undefined {
  const draft = useQuery(draftQuery(namespace, name));
  const stored = useQuery({ ...versionQuery(namespace, name, version), enabled: version !== "draft" });
  return version === "draft" ? draft.data?.source : stored.data?.source;
}

function nameOf(version: string): string {
  return version === "draft" ? "the draft" : `version ${version}`;
}
