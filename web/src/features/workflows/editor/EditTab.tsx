import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, got } from "@/api/client";
import { useMay } from "@/features/session/permissions";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { QueryView } from "@/ui/QueryView";
import { useAction } from "@/ui/useAction";
import { draftQuery, editedQuery, versionQuery, workflowKey } from "../queries";
import { DraftEditor } from "./DraftEditor";
import { Workbench } from "./Workbench";

const route = getRouteApi("/workflows/$namespace/$name");

interface EditTabProps {
  namespace: string;
  name: string;
}

/** The text of a workflow: the draft to be edited, or a version to be looked at. */
export function EditTab({ namespace, name }: EditTabProps) {
  const { version } = route.useSearch();
  const may = useMay();
  const edited = useQuery({ ...editedQuery(namespace, name), enabled: version === undefined });
  if (version !== undefined) return <ShownVersion namespace={namespace} name={name} version={version} />;
  return (
    <QueryView query={edited}>
      {(begin) =>
        may("workflow.write", namespace) ? (
          <DraftEditor namespace={namespace} name={name} begin={begin} />
        ) : (
          <Stack gap="sm">
            <Text size="sm">
              This is {begin.revision === null ? `version ${begin.baseVersion}` : "the draft"}. You may read it;
              changing it needs the permission <code>workflow.write</code>.
            </Text>
            <Workbench namespace={namespace} name={name} text={begin.text} />
          </Stack>
        )
      }
    </QueryView>
  );
}

function ShownVersion({ namespace, name, version }: EditTabProps & { version: string }) {
  const navigate = route.useNavigate();
  const may = useMay();
  const stored = useQuery(versionQuery(namespace, name, version));
  const draft = useQuery(draftQuery(namespace, name));
  const open = () => void navigate({ search: { tab: "edit" } });
  const begin = useAction<string>({
    run: (source) =>
      got(
        api.PUT("/api/v1/workflows/{namespace}/{name}/draft", {
          params: { path: { namespace, name } },
          body: { source, base_version: version },
        }),
      ),
    success: () => `A draft is begun with version ${version}.`,
    refresh: [workflowKey(namespace, name), ["workflows"]],
    onDone: open,
  });
  const mayWrite = may("workflow.write", namespace);
  return (
    <QueryView query={stored}>
      {({ about, source }) => (
        <Stack gap="sm">
          <Alert color="gray">
            <Group justify="space-between">
              <Text size="sm">
                This is version {about.version} as it was published. It never changes.
                {about.deprecation && " It is deprecated: no more runs of it are started."}
              </Text>
              {mayWrite && draft.data === null && (
                <Button size="xs" variant="default" onClick={() => begin.mutate(source)} loading={begin.isPending}>
                  Begin a draft with it
                </Button>
              )}
              {(!mayWrite || draft.data) && (
                <Button size="xs" variant="default" onClick={open}>
                  {mayWrite ? "Go to the draft" : "Show the newest text"}
                </Button>
              )}
            </Group>
          </Alert>
          {begin.error && <ErrorNotice error={begin.error} />}
          <Workbench namespace={namespace} name={name} text={source} />
        </Stack>
      )}
    </QueryView>
  );
}
