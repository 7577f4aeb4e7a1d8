import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { DialogForm } from "@/ui/DialogForm";
import { RunLink } from "@/ui/RunCells";
import { BulkPreviewFigures } from "./BulkPreviewFigures";
import { ACTIONS, countRuns, foresee } from "./bulk";
import { commandEach, type Order, type Outcome } from "./bulkQueries";

interface RowsConfirmationProps {
  order: Order;
  runs: RunView[];
  onBack: () => void;
  /** Whether runs are being seen to, so that the dialog must stay. */
  onBusy: (isBusy: boolean) => void;
  onDone: () => void;
}

/** What a command would do to the runs that were ticked; then how far it is, and which of them have refused. */
export function RowsConfirmation({ order, runs, onBack, onBusy, onDone }: RowsConfirmationProps) {
  const may = useMay();
  const queryClient = useQueryClient();
  const [outcomes, setOutcomes] = useState<Outcome[] | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const stopper = useRef<AbortController | null>(null);
  useEffect(() => () => stopper.current?.abort(), []);
  const { label, isGrave, effect } = ACTIONS[order.action];

  const begin = async () => {
    const controller = new AbortController();
    stopper.current = controller;
    setOutcomes([]);
    setIsBusy(true);
    onBusy(true);
    const ids = runs.map((run) => run.run_id);
    await commandEach(
      order,
      ids,
      (outcome) => setOutcomes((before) => [...(before ?? []), outcome]),
      controller.signal,
    );
    void queryClient.invalidateQueries({ queryKey: ["runs"] });
    setIsBusy(false);
    onBusy(false);
  };

  if (outcomes === null) {
    return (
      <DialogForm
        submit={`${label} ${countRuns(runs.length)}`}
        isGrave={isGrave}
        consequence={effect}
        isPending={false}
        isDisabled={runs.length === 0}
        error={null}
        cancel="Back"
        onCancel={onBack}
        onSubmit={() => void begin()}
      >
        <BulkPreviewFigures
          action={order.action}
          matched={runs.length}
          refusals={foresee(order.action, runs, may)}
          sample={runs}
        />
      </DialogForm>
    );
  }
  const refused = outcomes.filter((outcome) => outcome.refusal !== null);
  const obeyed = outcomes.length - refused.length;
  const left = runs.length - outcomes.length;
  return (
    <Stack gap="sm">
      <Text role="status">
        {obeyed} of {countRuns(runs.length)} obeyed{refused.length > 0 && `, ${refused.length} refused`}
        {left > 0 && `, ${left} ${isBusy ? "to go" : "left alone"}`}.
      </Text>
      <Progress.Root size="lg">
        <Progress.Section value={(obeyed / runs.length) * 100} color="teal" aria-label="Obeyed" />
        <Progress.Section value={(refused.length / runs.length) * 100} color="red" aria-label="Refused" />
      </Progress.Root>
      {refused.length > 0 && (
        <Stack gap={4} mah={300} style={{ overflowY: "auto" }}>
          {refused.map(({ runId, refusal }) => (
            <Text key={runId} size="sm" component="div">
              <RunLink runId={runId} />: {refusal}
            </Text>
          ))}
        </Stack>
      )}
      <Group justify="flex-end">
        {isBusy ? (
          <Button variant="default" onClick={() => stopper.current?.abort()}>
            Stop
          </Button>
        ) : (
          <Button onClick={onDone}>Close</Button>
        )}
      </Group>
    </Stack>
  );
}
