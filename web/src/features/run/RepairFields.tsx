import { Loader, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { RunView } from "@/api/schema";
import { Prose } from "@/ui/Prose";
import { beginDraft, type Draft, findFlaw, judgeDraft } from "@/ui/values/draft";
import { makeBeginning } from "@/ui/values/fields";
import { NO_FAULTS } from "@/ui/values/judging";
import { ValueForm } from "@/ui/values/ValueForm";
import { type RepairInput, useRepairInput } from "./useRepairInput";

/** What is sent in place of a task's input or output, as far as it is written. */
export interface Written {
  draft: Draft;
  /** Why it cannot be sent as it is; `doubt` where it may be sent all the same. */
  hindrance: "flaw" | "fault" | "doubt" | null;
}

interface RepairFieldsProps {
  run: RunView;
  /** The task to begin with. */
  reference: string | undefined;
  written: Written | undefined;
  onWrite: (written: Written) => void;
  /** Whether what does not fit is to be shown. */
  wasTried: boolean;
}

/** The input with which a task is tried again: in a form, where it is known what it must look like, or as JSON. */
export function InputFields({ run, reference, written, onWrite, wasTried }: RepairFieldsProps) {
  const known = useRepairInput(run, reference);
  const [isReadable, setReadable] = useState(true);
  const { start, expected } = known;
  const field = expected?.field ?? null;
  const draft = written?.draft ?? beginDraft(start ? start.value : field ? makeBeginning(field) : undefined, field);
  const judge = (changed: Draft, isAllReadable: boolean): Written["hindrance"] => {
    if (!isAllReadable || findFlaw(changed) || changed.value === undefined) return "flaw";
    if (judgeDraft(changed, field).size === 0) return null;
    return expected?.of === "own" ? "fault" : "doubt";
  };
  const write = (changed: Draft, isAllReadable = isReadable) =>
    onWrite({ draft: changed, hindrance: judge(changed, isAllReadable) });
  const isToBegin = !written && !known.isLoading;
  useEffect(() => {
    if (isToBegin) write(draft);
  });
  if (isToBegin || !written) return <Loader size="sm" aria-label="Asking what the task had" />;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        <Prose text={describeInput(known)} />
      </Text>
      <ValueForm
        draft={draft}
        onChange={(changed) => write(changed)}
        field={field}
        label="Input"
        faults={wasTried ? judgeDraft(draft, field) : NO_FAULTS}
        faultTitle={
          expected?.of === "own"
            ? "The task would refuse this input"
            : "This is not what the workflow's input looks like"
        }
        onReadable={(isAllReadable) => {
          setReadable(isAllReadable);
          write(draft, isAllReadable);
        }}
      />
    </Stack>
  );
}

/** The output that a skipped task is given; none, unless something is written. */
export function OutputFields({ written, onWrite }: Pick<RepairFieldsProps, "written" | "onWrite">) {
  const draft = written?.draft ?? beginDraft(undefined, null);
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        Left empty, the task's input counts as its output.
      </Text>
      <ValueForm
        draft={draft}
        onChange={(changed) => onWrite({ draft: changed, hindrance: findFlaw(changed) ? "flaw" : null })}
        field={null}
        label="Output (optional)"
        faults={NO_FAULTS}
      />
    </Stack>
  );
}

function describeInput({ start, expected }: RepairInput): string {
  const known = start ? "It begins with what the task had." : "What the task had is not known here.";
  const applied = "Where the task has `input.from`, that is applied to what you write.";
  if (!expected) return `${known} ${applied}`;
  const checked =
    expected.of === "own"
      ? "It is checked by the task's `input.schema` before it is sent."
      : "The task had the workflow's input, so that this form is made of the workflow's `input.schema`.";
  return `${known} ${checked} ${applied}`;
}
