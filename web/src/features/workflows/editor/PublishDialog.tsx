import { Alert, Button, Checkbox, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, got } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { diffQuery, draftQuery, versionsQuery, workflowKey } from "../queries";
import { ChangeList } from "../versions/ChangeList";
import { bump, compareVersions, type Step } from "./semver";
import type { Check } from "./useCheck";

interface PublishDialogProps {
  namespace: string;
  name: string;
  check: Check;
  /** Saves what is written, and returns the draft's revision; `null` where it could not be saved. */
  save: () => Promise<number | null>;
  /** Writes another version into the text. */
  onVersion: (version: string) => void;
  onClose: () => void;
}

const STEPS: [Step, string][] = [
  ["patch", "mends something"],
  ["minor", "adds something"],
  ["major", "breaks something"],
];

/** Publishes the draft as the version that its document names: after what that changes has been shown. */
export function PublishDialog({ namespace, name, check, save, onVersion, onClose }: PublishDialogProps) {
  const [note, setNote] = useState("");
  const [allowsLower, setAllowsLower] = useState(false);
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const versions = useQuery(versionsQuery(namespace, name));
  const highest = versions.data?.[0]?.version;
  const version = check.report.version ?? "";
  const isTaken = versions.data?.some((each) => each.version === version) ?? false;
  const isLower = highest !== undefined && !isTaken && compareVersions(version, highest) < 0;
  const publish = useMutation({
    mutationFn: async () => {
      const revision = await save();
      if (revision === null) throw new Error("The draft could not be saved, so that nothing was published.");
      return got(
        api.POST("/api/v1/workflows/{namespace}/{name}/versions", {
          params: { path: { namespace, name } },
          body: { revision, note, allow_lower: allowsLower },
        }),
      );
    },
    onSuccess: async ({ version: published, was_published }) => {
      notifications.show({
        color: "teal",
        message: was_published
          ? `Version ${published.version} was published before, just as it is.`
          : `Version ${published.version} of ${namespace}/${name} is published.`,
      });
      // This dialog looks at the draft, which is gone: it is left before what has changed is asked for.
      queryClient.setQueryData(draftQuery(namespace, name).queryKey, null);
      await navigate({ to: "/workflows/$namespace/$name", params: { namespace, name }, search: { tab: "versions" } });
      queryClient.removeQueries({ queryKey: [...workflowKey(namespace, name), "diff"] });
      void queryClient.invalidateQueries({ queryKey: workflowKey(namespace, name) });
      void queryClient.invalidateQueries({ queryKey: ["workflows"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate();
  };
  const warnings = check.marks.filter(({ problem }) => problem.severity === "warning");
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={`Publish version ${version}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            A published version never changes. Runs that are started without a version are of the highest one; runs
            under way go on with theirs. The draft is done with.
          </Text>
          {highest !== undefined && (isTaken || isLower) && (
            <Alert
              color="yellow"
              title={
                isTaken
                  ? `${version} is published already: give the text another version`
                  : `${version} is lower than ${highest}`
              }
            >
              <Group gap="xs">
                {STEPS.map(([step, meaning]) => {
                  const next = bump(highest, step);
                  return (
                    next && (
                      <Button key={step} size="compact-sm" variant="default" onClick={() => onVersion(next)}>
                        Make it {next}: it {meaning}
                      </Button>
                    )
                  );
                })}
              </Group>
              {isLower && (
                <Checkbox
                  mt="sm"
                  label={`Publish ${version} all the same, such as to mend an older line`}
                  checked={allowsLower}
                  onChange={(event) => setAllowsLower(event.currentTarget.checked)}
                />
              )}
            </Alert>
          )}
          {highest !== undefined && !isTaken && <Changes namespace={namespace} name={name} from={highest} />}
          {warnings.length > 0 && (
            <Alert color="yellow" title="What the server warns of">
              <ul style={{ margin: 0, paddingLeft: 18 }}>
                {warnings.map(({ problem }) => (
                  <li key={`${problem.line} ${problem.message}`}>
                    {problem.line ? `Line ${problem.line}: ` : ""}
                    <Prose text={`${problem.message}. ${problem.hint}`} />
                  </li>
                ))}
              </ul>
            </Alert>
          )}
          <Textarea
            label="Note"
            description="What is new, for those who look at the versions"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            autosize
            minRows={2}
            data-autofocus
          />
          {publish.error && <ErrorNotice error={publish.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Not yet
            </Button>
            <Button type="submit" loading={publish.isPending} disabled={isTaken || (isLower && !allowsLower)}>
              Publish {version}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Changes({ namespace, name, from }: { namespace: string; name: string; from: string }) {
  const diff = useQuery({ ...diffQuery(namespace, name, from, "draft"), staleTime: 0 });
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        What changes from {from}
      </Text>
      <QueryView query={diff}>{(comparison) => <ChangeList changes={comparison.changes ?? []} />}</QueryView>
    </Stack>
  );
}
