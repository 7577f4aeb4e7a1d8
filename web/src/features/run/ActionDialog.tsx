import { Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ACTION_TEXTS, type ActionName, listRetryPoints, readTyped } from "./actions";
import { ForkPreview } from "./ForkPreview";
import { taskDataQuery, tasksQuery } from "./queries";
import { describePlace } from "./tasks";
import { useRunAction } from "./useRunAction";

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
  const [typed, setTyped] = useState<Partial<Record<ActionName, string>>>({});
  const [begin, setBegin] = useState<string | undefined>(reference);
  const command = useRunAction(run.run_id, () => {
    setReason("");
    setTyped({});
    onClose();
  });
  if (asked && asked !== shown) {
    setShown(asked);
    command.reset();
  }
  const texts = ACTION_TEXTS[shown];
  const start = useFirstInput(run, shown === "edit" && asked !== null ? begin : undefined);
  const text = typed[shown] ?? (shown === "edit" ? (start ?? "") : "");
  const value = readTyped(text);
  const takesValue = shown === "edit" || shown === "skip";
  const isReady = value.ok && (shown !== "edit" || value.isGiven) && (shown !== "fork" || Boolean(reference));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (command.isPending || !isReady) return;
    command.mutate({
      action: shown,
      reference: shown === "fork" ? reference : shown === "skip" ? undefined : begin,
      value: takesValue && value.ok && value.isGiven ? { given: value.value } : undefined,
      reason: reason.trim(),
    });
  };

  return (
    <Modal
      opened={asked !== null}
      onClose={onClose}
      title={texts.title}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
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
          {takesValue && (
            <Textarea
              label={shown === "edit" ? "Input (JSON)" : "Output (JSON, optional)"}
              description={
                shown === "edit" ? describeInput(start) : "Left empty, the task's input counts as its output"
              }
              value={text}
              onChange={(event) => {
                const { value: now } = event.currentTarget;
                setTyped((before) => ({ ...before, [shown]: now }));
              }}
              error={value.ok ? null : value.problem}
              autosize
              minRows={4}
              maxRows={18}
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
              data-autofocus
            />
          )}
          {shown !== "fork" && (
            <TextInput
              label="Reason (optional)"
              description="Kept in the audit log"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              maxLength={500}
              data-autofocus={takesValue ? undefined : true}
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
              {texts.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Returns the input that a task of a faulted run had, as text; `undefined` where it is not known. */
function useFirstInput(run: RunView, reference: string | undefined): string | undefined {
  const mayData = useMay()("run.data", run.namespace);
  const isAsked = mayData && reference !== undefined;
  const tasks = useQuery({ ...tasksQuery(run.run_id), enabled: isAsked });
  const task = tasks.data?.tasks.findLast((each) => each.reference === reference);
  const data = useQuery({ ...taskDataQuery(run.run_id, task ?? NO_TASK), enabled: isAsked && task !== undefined });
  return data.data?.input && JSON.stringify(data.data.input.value, null, 2);
}

const NO_TASK: RunTask = { number: 0, seq: 0, reference: "", name: "", kind: "", status: "running", began_at: "" };

function describeInput(start: string | undefined): string {
  const known = start === undefined ? "What the task had is not known here." : "It begins with what the task had.";
  return `${known} Where the task has \`input.from\`, that is applied to what you write.`;
}
