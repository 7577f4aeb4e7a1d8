import { Textarea } from "@mantine/core";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { AuditRecord } from "@/api/schema";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";

/** The form that erases what may be personal of a record. */
export function RedactForm({ record: { number }, onClose }: { record: AuditRecord; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const redact = useAction({
    run: () =>
      got(api.POST("/api/v1/audit/records/{number}/redact", { params: { path: { number } }, body: { reason } })),
    success: () => `Record ${number} is redacted.`,
    refresh: [["audit"]],
    onDone: onClose,
  });
  const { at, rest } = placeError(redact.error, { reason: /reason/i });
  return (
    <DialogForm
      submit="Erase for good"
      isGrave
      consequence="The name, the address, the reason and the details of this record are erased for good; who, what and when stay, by ids. The log still verifies, and a new record says that you did this and why. Backups and exports made before still hold it."
      isPending={redact.isPending}
      isDisabled={reason.trim() === ""}
      error={rest}
      onSubmit={() => redact.mutate()}
      onCancel={onClose}
    >
      <Textarea
        label="Reason"
        description="Kept in the log; do not repeat here what is to be erased"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={at.reason}
        autosize
        minRows={2}
        data-autofocus
        required
      />
    </DialogForm>
  );
}
