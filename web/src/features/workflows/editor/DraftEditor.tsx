import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useRef, useState } from "react";
import { api, got } from "@/api/client";
import { useMay } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { useAction } from "@/ui/useAction";
import { draftQuery, type EditedText, summaryQuery, workflowKey } from "../queries";
import type { TextHandle } from "./CodeEditor";
import { ConflictDialog } from "./ConflictDialog";
import { LeaveDialog } from "./LeaveDialog";
import { PublishDialog } from "./PublishDialog";
import { SavingSign } from "./SavingSign";
import { replaceVersion } from "./semver";
import type { Check } from "./useCheck";
import { type IsEditPage, useDraft } from "./useDraft";
import { Workbench } from "./Workbench";

const route = getRouteApi("/workflows/$namespace/$name");

interface DraftEditorProps {
  namespace: string;
  name: string;
  begin: EditedText;
}

/** The draft: edited, saved by itself, published or dropped. */
export function DraftEditor({ namespace, name, begin }: DraftEditorProps) {
  const may = useMay();
  const isEditPage: IsEditPage = useCallback(
    ({ pathname, search }) => {
      const { tab, version } = search as { tab?: string; version?: string };
      return pathname === `/workflows/${namespace}/${name}` && tab === "edit" && version === undefined;
    },
    [namespace, name],
  );
  const draft = useDraft(namespace, name, begin, isEditPage);
  const { saver, saving } = draft;
  const [isLater, setIsLater] = useState(false);
  const [isPublishing, setIsPublishing] = useState(false);
  const [check, setCheck] = useState<Check | null>(null);
  const handle = useRef<TextHandle | null>(null);
  const isChecked = check !== null && check.text === draft.text;
  const isNew = saver.revision !== null || saving.kind !== "saved";
  const canPublish = isNew && isChecked && check.report.is_valid && !hasErrors(check) && saving.kind !== "conflict";
  const publish = async () => {
    if (await saver.flush()) setIsPublishing(true);
  };
  const save = async () => ((await saver.flush()) ? saver.revision : null);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <SavingSign saving={saving} hasDraft={saver.revision !== null} onRetry={() => void saver.flush()} />
        <Group gap="xs">
          {saving.kind === "conflict" && isLater && (
            <Button size="xs" color="yellow" onClick={() => setIsLater(false)}>
              Put the two together
            </Button>
          )}
          {saver.revision !== null && saving.kind !== "conflict" && (
            <DropButton namespace={namespace} name={name} revision={() => saver.revision ?? 0} />
          )}
          {may("workflow.publish", namespace) && (
            <Button
              size="xs"
              leftSection={<IconUpload size={16} aria-hidden />}
              onClick={() => void publish()}
              disabled={!canPublish}
            >
              Publish …
            </Button>
          )}
        </Group>
      </Group>
      {draft.wasRestored && saving.kind !== "conflict" && (
        <Alert color="blue">Text that had not been saved was still in this tab: it stands here again.</Alert>
      )}
      {saver.revision === null && begin.baseVersion !== null && (
        <Text size="xs" c="dimmed">
          What stands here is version {begin.baseVersion}.
        </Text>
      )}
      <Workbench
        namespace={namespace}
        name={name}
        text={draft.text}
        onChange={draft.change}
        onCheck={setCheck}
        handle={handle}
      />
      {saving.kind === "conflict" && !isLater && (
        <ConflictDialog
          namespace={namespace}
          name={name}
          mine={draft.text}
          onLater={() => setIsLater(true)}
          onResolve={(text, theirs) => {
            saver.resume(text, theirs.text, theirs.revision);
            draft.change(text);
          }}
        />
      )}
      {isPublishing && check && (
        <PublishDialog
          namespace={namespace}
          name={name}
          check={check}
          save={save}
          onVersion={(version) => {
            const change = replaceVersion(draft.text, version);
            if (change) handle.current?.replace(change.from, change.to, change.insert);
          }}
          onClose={() => setIsPublishing(false)}
        />
      )}
      <LeaveDialog leaving={draft.leaving} />
    </Stack>
  );
}

function hasErrors(check: Check): boolean {
  return check.marks.some(({ problem }) => problem.severity === "error");
}

function DropButton({ namespace, name, revision }: { namespace: string; name: string; revision: () => number }) {
  const queryClient = useQueryClient();
  const navigate = route.useNavigate();
  const drop = useAction<void>({
    run: () =>
      got(
        api.DELETE("/api/v1/workflows/{namespace}/{name}/draft", {
          params: { path: { namespace, name }, query: { revision: revision() } },
        }),
      ),
    success: () => `The draft of ${namespace}/${name} is dropped.`,
    onDone: async () => {
      queryClient.setQueryData(draftQuery(namespace, name).queryKey, null);
      const isPublished = Boolean(queryClient.getQueryData(summaryQuery(namespace, name).queryKey)?.newest);
      if (isPublished) await navigate({ search: {} });
      else await navigate({ to: "/workflows", search: {} });
      queryClient.removeQueries({ queryKey: [...workflowKey(namespace, name), "diff"] });
      void queryClient.invalidateQueries({ queryKey: workflowKey(namespace, name) });
      void queryClient.invalidateQueries({ queryKey: ["workflows"] });
    },
  });
  return (
    <ConfirmButton
      label="Drop the draft"
      title="Drop the draft?"
      submit="Drop it"
      consequence="The text of the draft is gone for good. Versions that are published stay as they are; a workflow without any version is gone from the list."
      action={drop}
    />
  );
}
