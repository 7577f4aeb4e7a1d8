import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@/api/client";
import type { WorkflowVersion } from "@/api/schema";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { workflowKey } from "../queries";

/** Deprecates a version, or takes that back, after saying what it means. */
export function DeprecationDialog({ version, onClose }: { version: WorkflowVersion; onClose: () => void }) {
  const isDeprecated = version.deprecation !== null;
  const [reason, setReason] = useState("");
  const queryClient = useQueryClient();
  const path = { namespace: version.namespace, name: version.name, version: version.version };
  const save = useMutation({
    mutationFn: () =>
      isDeprecated
        ? got(api.POST("/api/v1/workflows/{namespace}/{name}/versions/{version}/undeprecate", { params: { path } }))
        : got(
            api.POST("/api/v1/workflows/{namespace}/{name}/versions/{version}/deprecate", {
              params: { path },
              body: { reason },
            }),
          ),
    onSuccess: () => {
      notifications.show({
        color: "teal",
        message: isDeprecated
          ? `Version ${version.version} can be started again.`
          : `Version ${version.version} is deprecated.`,
      });
      void queryClient.invalidateQueries({ queryKey: workflowKey(version.namespace, version.name) });
      void queryClient.invalidateQueries({ queryKey: ["workflows"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`${isDeprecated ? "Let start again" : "Deprecate"} version ${version.version}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            {isDeprecated
              ? "Runs of it can be started again. If it is the highest version, it is what is started where no version is asked for."
              : "No more runs of it can be started; runs under way go on to their end. Where no version is asked for, the highest one that is not deprecated is started. It can be taken back."}
          </Text>
          {isDeprecated ? (
            version.deprecation?.reason && (
              <Text size="sm">It was deprecated because: {version.deprecation.reason}</Text>
            )
          ) : (
            <Textarea
              label="Why"
              description="Those who still use it will read this"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              autosize
              minRows={2}
              data-autofocus
            />
          )}
          {save.error && <ErrorNotice error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <Button type="submit" loading={save.isPending} color={isDeprecated ? undefined : "red"}>
              {isDeprecated ? "Let it start again" : "Deprecate"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
