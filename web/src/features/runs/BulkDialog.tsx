import { JsonInput, Modal, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { DialogForm } from "@/ui/DialogForm";
import type { RunFilters } from "./address";
import { BulkConfirmation } from "./BulkConfirmation";
import { ACTIONS, type BulkAction, countRuns } from "./bulk";
import { type Order, previewBulk, readRunsNow } from "./bulkQueries";
import { RowsConfirmation } from "./RowsConfirmation";

interface BulkDialogProps {
  action: BulkAction;
  filters: RunFilters;
  /** The runs that were ticked; null for all that match. */
  runIds: string[] | null;
  onClose: () => void;
  /** Every run was seen to, here. */
  onDone: () => void;
  /** The server sees to them. */
  onStarted: (bulkId: string) => void;
}

/** A command for many runs: first why it is given, then what it would hit, and only then it is given. */
export function BulkDialog({ action, filters, runIds, onClose, onDone, onStarted }: BulkDialogProps) {
  const { label, effect, isGrave } = ACTIONS[action];
  const [reason, setReason] = useState("");
  const [output, setOutput] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const preview = useMutation({
    mutationFn: async (order: Order) => {
      if (runIds === null) return { order, bulk: await previewBulk(order, filters), rows: null };
      return { order, bulk: null, rows: await readRunsNow(runIds) };
    },
  });
  const isWrong = output.trim() !== "" && !isJson(output);
  const found = preview.data;
  const back = () => preview.reset();
  const subject = runIds === null ? "all runs that match" : countRuns(runIds.length);
  return (
    <Modal
      opened
      onClose={() => !isBusy && onClose()}
      title={`${label} ${subject}`}
      size="xl"
      closeButtonProps={{ "aria-label": "Close", disabled: isBusy }}
    >
      {found === undefined && (
        <DialogForm
          submit="Show what it would hit"
          consequence={`${effect} Nothing is done yet.`}
          isPending={preview.isPending}
          isDisabled={isWrong}
          error={preview.error}
          cancel="Close"
          onCancel={onClose}
          onSubmit={() =>
            !isWrong &&
            preview.mutate({ action, reason: reason.trim(), output: output.trim() ? JSON.parse(output) : undefined })
          }
        >
          <Stack gap="sm">
            <Textarea
              label="Why"
              description="Kept in the history of each run and in the audit log."
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              autosize
              minRows={2}
              data-autofocus
            />
            {action === "skip" && (
              <JsonInput
                label="Output of the skipped task, as JSON"
                description="The same for each run; left empty, none."
                value={output}
                onChange={setOutput}
                error={isWrong ? "This is no JSON." : undefined}
                autosize
                minRows={2}
              />
            )}
          </Stack>
        </DialogForm>
      )}
      {found?.bulk && <BulkConfirmation preview={found.bulk} isGrave={isGrave} onBack={back} onStarted={onStarted} />}
      {found?.rows && (
        <RowsConfirmation order={found.order} runs={found.rows} onBack={back} onBusy={setIsBusy} onDone={onDone} />
      )}
    </Modal>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
