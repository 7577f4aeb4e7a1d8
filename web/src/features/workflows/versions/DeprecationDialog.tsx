import { Modal, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { WorkflowVersion } from "@/api/schema";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { workflowKey } from "../queries";

/** Deprecates a version, or takes that back, after saying what it means. */
export function DeprecationDialog({ version, onClose }: { version: WorkflowVersion; onClose: () => void }) {
  const isDeprecated = version.deprecation !== null;
  const [reason, setReason] = useState("");
  const path = { namespace: version.namespace, name: version.name, version: version.version };
  const save = useAction<void>({
    run: () =>
      isDeprecated
        ? got(api.POST("/api/v1/workflows/{namespace}/{name}/versions/{version}/undeprecate", { params: { path } }))
        : got(
            api.POST("/api/v1/workflows/{namespace}/{name}/versions/{version}/deprecate", {
              params: { path },
              body: { reason },
            }),
          ),
    success: () =>
      isDeprecated ? `Version ${version.version} can be started again.` : `Version ${version.version} is deprecated.`,
    refresh: [workflowKey(version.namespace, version.name), ["workflows"]],
    onDone: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={`${isDeprecated ? "Let start again" : "Deprecate"} version ${version.version}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <DialogForm
        submit={isDeprecated ? "Let it start again" : "Deprecate"}
        isGrave={!isDeprecated}
        isPending={save.isPending}
        error={save.error}
        onSubmit={() => save.mutate()}
        onCancel={onClose}
        consequence={
          isDeprecated
            ? "Runs of it can be started again. If it is the highest version, it is what is started where no version is asked for."
            : "No more runs of it can be started; runs under way go on to their end. Where no version is asked for, the highest one that is not deprecated is started. It can be taken back."
        }
      >
        {isDeprecated ? (
          <Text size="sm">It was deprecated because: {version.deprecation?.reason || "no reason was given"}</Text>
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
      </DialogForm>
    </Modal>
  );
}
