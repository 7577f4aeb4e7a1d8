import { Button, Group, Loader, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, lazy, Suspense, useState } from "react";
import type { RunView } from "@/api/schema";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ACTION_TEXTS, type ActionName, listRetryPoints } from "./actions";
import { ForkPreview } from "./ForkPreview";
import type { Written } from "./RepairFields";
import { describePlace } from "./tasks";
import { useRunAction } from "./useRunAction";

const InputFields = lazy(() => import("./RepairFields").then((module) => ({ default: module.InputFields })));
const OutputFields = lazy(() => import("./RepairFields").then((module) => ({ default: module.OutputFields })));

interface ActionDialogProps {
  run: RunView;
  /** The action that was asked for; `null` while there is none. */
  asked: ActionName | null;
  /** The task that it is about. */
  reference?: string;
  onClose: () => void;
}

/** Says what an action will do, asks for what it needs, and does it. What was typed outlives a refusal and a closing. */
export function ActionDialog({ run, asked, reference, onClose }: ActionDialogProps) {
  const [shown, setShown] = useState<ActionName>("retry");
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState<Partial<Record<string, Written>>>({});
  const [tried, setTried] = useState<string | null>(null);
  const [begin, setBegin] = useState<string | undefined>(reference);
  const command = useRunAction(run.run_id, () => {
    setReason("");
    setTyped({});
    setTried(null);
    onClose();
  });
  if (asked && asked !== shown) {
    setShown(asked);
    command.reset();
  }
  const texts = ACTION_TEXTS[shown];
  // Each task has an input of its own.
  const place = shown === "edit" ? `edit ${begin}` : shown;
  const written = typed[place];
  const write = (now: Written) => setTyped((before) => ({ ...before, [place]: now }));
  const isDoubted = tried === place && written?.hindrance === "doubt";
  const isReady =
    written?.hindrance !== "flaw" &&
    (shown !== "edit" || written !== undefined) &&
    (shown !== "fork" || Boolean(reference));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (command.isPending || !isReady) return;
    setTried(place);
    if (written?.hindrance && !isDoubted) return;
    const value = written?.draft.value;
    command.mutate({
      action: shown,
      reference: shown === "fork" ? reference : shown === "skip" ? undefined : begin,
      value: (shown === "edit" || shown === "skip") && value !== undefined ? { given: value } : undefined,
      reason: reason.trim(),
    });
  };

  return (
    <Modal
      opened={asked !== null}
      onClose={onClose}
      title={texts.title}
      size={shown === "edit" || shown === "skip" ? "xl" : "lg"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Text size="sm">{texts.consequence}</Text>
          {shown === "fork" && reference && <ForkPreview runId={run.run_id} reference={reference} />}
          {(shown === "retry" || shown === "edit") && reference && (
            <Select
              label="Begin with"
              description="The task that failed, or one around it, which is then done again as a whole"
              data={listRetryPoints(reference).map((each) => ({
                value: each,
                label: describePlace({ reference: each }),
              }))}
              value={begin ?? reference}
              onChange={(chosen) => setBegin(chosen ?? reference)}
              allowDeselect={false}
            />
          )}
          <Suspense fallback={<Loader size="sm" aria-label="Loading the form" />}>
            {shown === "edit" && (
              <InputFields
                key={begin}
                run={run}
                reference={begin}
                written={written}
                onWrite={write}
                wasTried={tried === place}
              />
            )}
            {shown === "skip" && <OutputFields written={written} onWrite={write} />}
          </Suspense>
          {shown !== "fork" && (
            <TextInput
              label="Reason (optional)"
              description="Kept in the audit log"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              maxLength={500}
              data-autofocus={shown === "edit" || shown === "skip" ? undefined : true}
            />
          )}
          {command.error && <ErrorNotice error={command.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Back
            </Button>
            <Button
              type="submit"
              color={shown === "cancel" ? "red" : undefined}
              loading={command.isPending}
              disabled={!isReady}
            >
              {isDoubted ? `${texts.submit} all the same` : texts.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
