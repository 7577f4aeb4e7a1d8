import { Alert, Button, Group, Input, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useId, useRef, useState } from "react";
import { writeJson } from "@/lib/json";
import { type Draft, findFlaw, hasForm, setText, setValue } from "./draft";
import type { Field } from "./fields";
import type { Faults } from "./judging";
import { SchemaForm } from "./SchemaForm";

const JsonEditor = lazy(() => import("./JsonEditor").then(({ JsonEditor: component }) => ({ default: component })));

interface ValueFormProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
  /** What the value must look like; `null` where nobody has said it. */
  field: Field | null;
  label: string;
  /** In what the value does not fit, as far as that is to be shown by now. */
  faults: Faults;
  /** What the list of these is called. */
  faultTitle?: string;
  /** Is told whether all parts that are written as JSON within the form can be read. */
  onReadable?: (isReadable: boolean) => void;
  /** Other tools, beside those of the form. */
  tools?: ReactNode;
}

/** A value to be written: in a form made of its schema, or as JSON; both show the same. */
export function ValueForm(props: ValueFormProps) {
  const { draft, onChange, field, label, faults, faultTitle = "The input does not fit yet", tools } = props;
  const [unreadable, onReadable] = useUnreadable(props.onReadable);
  const flawId = useId();
  const flaw = findFlaw(draft);
  return (
    <Stack gap="sm">
      <Group gap="xs">
        {hasForm(field) && (
          <SegmentedControl
            size="xs"
            aria-label={`How ${label.toLowerCase()} is written`}
            value={draft.isJson ? "json" : "form"}
            onChange={(chosen) => onChange({ ...draft, isJson: chosen === "json" })}
            disabled={flaw !== null || unreadable > 0}
            data={[
              { value: "form", label: "Form" },
              { value: "json", label: "JSON" },
            ]}
          />
        )}
        {draft.isJson && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconBraces size={16} aria-hidden />}
            disabled={flaw !== null || draft.text.trim() === ""}
            onClick={() => onChange(setText(draft, writeJson(JSON.parse(draft.text))))}
          >
            Format
          </Button>
        )}
        {tools}
      </Group>
      {draft.isJson || !hasForm(field) ? (
        <div>
          <Text size="sm" fw={500} mb={4}>
            {label}
          </Text>
          <Suspense fallback={<Loader size="sm" aria-label="Loading the editor" />}>
            <JsonEditor
              text={draft.text}
              label={label}
              describedBy={flawId}
              faults={faults}
              onChange={(text) => onChange(setText(draft, text))}
            />
          </Suspense>
          <div id={flawId} aria-live="polite">
            {flaw && <Input.Error mt={4}>This is no JSON. {flaw.error}</Input.Error>}
          </div>
        </div>
      ) : (
        <SchemaForm
          field={field}
          value={draft.value}
          onChange={(value) => onChange(setValue(draft, value))}
          pointer=""
          faults={faults}
          onReadable={onReadable}
        />
      )}
      {faults.size > 0 && <FaultList faults={faults} title={faultTitle} />}
    </Stack>
  );
}

function FaultList({ faults, title }: { faults: Faults; title: string }) {
  return (
    <Alert color="red" role="alert" title={title}>
      <ul style={{ margin: 0, paddingLeft: 18 }}>
        {[...faults].map(([pointer, text]) => (
          <li key={pointer}>
            <code>{pointer || "the input"}</code>: {text}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

/** Counts the parts of a form that are written as JSON and cannot be read. */
function useUnreadable(tell?: (isReadable: boolean) => void) {
  const [unreadable, setUnreadable] = useState<ReadonlySet<string>>(new Set());
  const note = useCallback((pointer: string, isReadable: boolean) => {
    setUnreadable((before) => {
      if (before.has(pointer) !== isReadable) return before;
      const after = new Set(before);
      if (isReadable) after.delete(pointer);
      else after.add(pointer);
      return after;
    });
  }, []);
  const told = useRef(tell);
  told.current = tell;
  useEffect(() => told.current?.(unreadable.size === 0), [unreadable]);
  return [unreadable.size, note] as const;
}
