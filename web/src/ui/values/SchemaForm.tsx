import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { escapePointer } from "@/graph/tree";
import { Prose } from "../Prose";
import { type Field, isObject, makeBeginning, setPart } from "./fields";
import { JsonField } from "./JsonField";
import type { Faults } from "./judging";

interface PartProps {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  pointer: string;
  faults: Faults;
  /** Says whether what is written as JSON can be read. */
  onReadable: (pointer: string, isReadable: boolean) => void;
  /** What it is called where the field itself has no name. */
  label?: string;
}

/** The fields of a value, as its schema describes it. */
export function SchemaForm(props: PartProps) {
  const { field, value, onChange, pointer, faults } = props;
  const common = {
    label: props.label || field.label,
    description: field.description ? <Prose text={field.description} /> : undefined,
    error: faults.get(pointer),
    required: field.isRequired && field.name !== "",
    "data-pointer": pointer,
  };
  switch (field.kind) {
    case "object":
      return <ObjectPart {...props} />;
    case "list":
      return <ListPart {...props} />;
    case "text":
      return <TextPart {...props} common={common} />;
    case "number":
    case "integer":
      return (
        <NumberInput
          {...common}
          value={typeof value === "number" ? value : typeof value === "string" ? value : ""}
          onChange={(given) => onChange(given === "" || given === "-" ? undefined : given)}
          allowDecimal={field.kind === "number"}
          decimalScale={field.kind === "number" ? undefined : 0}
          min={field.rules.minimum}
          max={field.rules.maximum}
          clampBehavior="none"
          maw={320}
        />
      );
    case "boolean":
      return <BooleanPart {...props} common={common} />;
    case "choice":
      return (
        <Select
          {...common}
          data={field.choices.map((choice) => ({ value: JSON.stringify(choice), label: String(choice) }))}
          value={value === undefined ? null : JSON.stringify(value)}
          onChange={(chosen) => onChange(chosen === null ? undefined : JSON.parse(chosen))}
          clearable={!field.isRequired}
          allowDeselect={false}
          clearButtonProps={{ "aria-label": "Leave it out" }}
          maw={420}
        />
      );
    default:
      return <JsonField {...props} common={common} />;
  }
}

export interface CommonProps {
  label: string;
  description: ReactNode;
  error: string | undefined;
  required: boolean;
}

const INPUT_TYPES: Record<string, string> = { date: "date", email: "email", uri: "url" };

function TextPart({ field, value, onChange, common }: PartProps & { common: CommonProps }) {
  const shared = {
    ...common,
    value: typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value),
    placeholder: field.rules.format === "date-time" ? "2026-11-21T14:00:00Z" : undefined,
    maw: 640,
  };
  const change = (text: string) => onChange(text === "" ? undefined : text);
  const isLong = (field.rules.maxLength ?? 0) > 200 || (typeof value === "string" && value.includes("\n"));
  if (isLong) {
    return <Textarea {...shared} onChange={(event) => change(event.currentTarget.value)} autosize maxRows={12} />;
  }
  return (
    <TextInput
      {...shared}
      type={INPUT_TYPES[field.rules.format ?? ""] ?? "text"}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

/** What need not be given has three states: yes, no, and not given. */
function BooleanPart({ field, value, onChange, common }: PartProps & { common: CommonProps }) {
  if (field.isRequired || field.default !== undefined) {
    const { required: _, ...shown } = common;
    return <Switch {...shown} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  }
  return (
    <Select
      {...common}
      data={[
        { value: "true", label: "yes" },
        { value: "false", label: "no" },
      ]}
      value={typeof value === "boolean" ? String(value) : null}
      onChange={(chosen) => onChange(chosen === null ? undefined : chosen === "true")}
      placeholder="not given"
      clearable
      clearButtonProps={{ "aria-label": "Leave it out" }}
      maw={420}
    />
  );
}

function ObjectPart(props: PartProps) {
  const { field, value, onChange, pointer, faults, onReadable, label } = props;
  const parts = (
    <Stack gap="md">
      {field.fields.map((each) => (
        <SchemaForm
          key={each.name}
          field={each}
          value={isObject(value) ? value[each.name] : undefined}
          onChange={(part) => onChange(emptied(field, pointer, setPart(value, each.name, part)))}
          pointer={`${pointer}/${escapePointer(each.name)}`}
          faults={faults}
          onReadable={onReadable}
        />
      ))}
    </Stack>
  );
  if (pointer === "") return parts;
  return (
    <Fieldset legend={`${label || field.label}${field.isRequired ? " *" : ""}`}>
      {field.description && (
        <Text size="xs" c="dimmed" mb="xs">
          <Prose text={field.description} />
        </Text>
      )}
      <Fault text={faults.get(pointer)} />
      {parts}
    </Fieldset>
  );
}

/** An object that need not be given is not given when nothing stands in it. */
function emptied(field: Field, pointer: string, value: object): unknown {
  return pointer !== "" && !field.isRequired && Object.keys(value).length === 0 ? undefined : value;
}

function ListPart(props: PartProps) {
  const { field, value, onChange, pointer, faults, onReadable, label } = props;
  const items = Array.isArray(value) ? value : [];
  const { item } = field;
  if (!item) return null;
  const own = label || field.label;
  const add = () => onChange([...items, makeBeginning(item) ?? emptyOf(item)]);
  const remove = (index: number) => {
    const rest = items.filter((_, each) => each !== index);
    onChange(rest.length === 0 && !field.isRequired ? undefined : rest);
  };
  return (
    <Fieldset legend={`${own}${field.isRequired ? " *" : ""}`}>
      {field.description && (
        <Text size="xs" c="dimmed" mb="xs">
          <Prose text={field.description} />
        </Text>
      )}
      <Fault text={faults.get(pointer)} />
      <Stack gap="sm">
        {items.map((each, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an item is known by its place only
          <Group key={index} align="flex-end" wrap="nowrap">
            <div style={{ flex: 1, minWidth: 0 }}>
              <SchemaForm
                field={item}
                value={each}
                onChange={(part) => onChange(items.map((old, at) => (at === index ? (part ?? emptyOf(item)) : old)))}
                pointer={`${pointer}/${index}`}
                faults={faults}
                onReadable={onReadable}
                label={`${item.label || own} ${index + 1}`}
              />
            </div>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              onClick={() => remove(index)}
              aria-label={`Remove ${own} ${index + 1}`}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={add}
          style={{ alignSelf: "flex-start" }}
        >
          Add to {own}
        </Button>
      </Stack>
    </Fieldset>
  );
}

/** What an item of a list is while nothing has been written into it: it cannot be left out. */
function emptyOf(item: Field): unknown {
  if (item.kind === "text") return "";
  if (item.kind === "object") return {};
  if (item.kind === "list") return [];
  return item.kind === "boolean" ? false : null;
}

function Fault({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <Text size="xs" c="red" role="alert" mb="xs">
      {text}
    </Text>
  );
}
