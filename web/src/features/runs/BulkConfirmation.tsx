import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { BulkPreview } from "@/api/schema";
import { DialogForm } from "@/ui/DialogForm";
import { BulkPreviewFigures } from "./BulkPreviewFigures";
import { ACTIONS, countRuns } from "./bulk";
import { recentBulkQuery, startBulk } from "./bulkQueries";

interface BulkConfirmationProps {
  preview: BulkPreview;
  isGrave: boolean;
  onBack: () => void;
  onStarted: (bulkId: string) => void;
}

/** What a command for all that match would hit; it is given to exactly those once their number was typed. */
export function BulkConfirmation({ preview, isGrave, onBack, onStarted }: BulkConfirmationProps) {
  const queryClient = useQueryClient();
  const [typed, setTyped] = useState("");
  const start = useMutation({
    mutationFn: () => startBulk(preview),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: recentBulkQuery.queryKey });
      onStarted(preview.bulk_id);
    },
  });
  const isConfirmed = Number(typed.replaceAll(/[,.\s]/g, "")) === preview.matched && typed.trim() !== "";
  return (
    <DialogForm
      submit={`${ACTIONS[preview.action].label} ${countRuns(preview.matched)}`}
      isGrave={isGrave}
      consequence="It is given to exactly these runs, one after another, also if others match by then. You can stop on the way; what was done stays done."
      isPending={start.isPending}
      isDisabled={!isConfirmed || preview.matched === 0}
      error={start.error}
      cancel="Back"
      onCancel={onBack}
      onSubmit={() => isConfirmed && preview.matched > 0 && start.mutate()}
    >
      <BulkPreviewFigures
        action={preview.action}
        matched={preview.matched}
        refusals={preview.refusals}
        sample={preview.sample}
      />
      {preview.matched > 0 && (
        <TextInput
          label={`Type ${preview.matched} to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          inputMode="numeric"
          autoComplete="off"
          w={240}
        />
      )}
    </DialogForm>
  );
}
