import { ActionIcon, Autocomplete, Button, Group, PasswordInput, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { SecretInfo } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { checkFields, type SecretField, toObject, USUAL_FIELDS } from "./value";

/** The form that keeps a secret, or puts another value in the place of one. */
export function SecretForm({ secret, onClose }: { secret?: SecretInfo; onClose: () => void }) {
  const namespaces = useNamespaces();
  const [namespace, setNamespace] = useState(secret?.namespace ?? "");
  const [name, setName] = useState(secret?.name ?? "");
  const [isText, setIsText] = useState(true);
  const [text, setText] = useState("");
  const [fields, setFields] = useState<SecretField[]>([{ id: 0, name: USUAL_FIELDS[0] ?? "", value: "" }]);
  const wrong = isText ? null : checkFields(fields);
  const put = useAction({
    run: () =>
      got(
        api.PUT("/api/v1/secrets/{namespace}/{name}", {
          params: { path: { namespace: namespace.trim(), name: name.trim() } },
          body: { value: isText ? text : toObject(fields) },
        }),
      ),
    success: (kept) => `The secret ${kept.namespace}/${kept.name} is kept, as version ${kept.version}.`,
    refresh: [["secrets"]],
    onDone: onClose,
  });
  const { at, rest } = placeError(put.error, { namespace: /namespace/i, name: /name/i, value: /secret|value/i });
  return (
    <DialogForm
      submit={secret ? "Replace the value" : "Keep the secret"}
      consequence={
        secret
          ? "The value before is gone. Runs read the new one at their next attempt; attempts under way go on with the old one."
          : "Runs of this namespace can read it from now on. Nobody can read it back, you neither."
      }
      isPending={put.isPending}
      isDisabled={wrong !== null}
      error={rest}
      onSubmit={() => put.mutate()}
      onCancel={onClose}
    >
      {!secret && (
        <>
          <Autocomplete
            label="Namespace"
            description="Whose runs may read it"
            data={namespaces}
            value={namespace}
            onChange={setNamespace}
            error={at.namespace}
            data-autofocus
            required
          />
          <TextInput
            label="Name"
            description="As workflows write it under use.secrets"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={at.name}
            autoComplete="off"
            required
          />
        </>
      )}
      <Radio.Group
        label="What it is"
        value={isText ? "text" : "fields"}
        onChange={(value) => setIsText(value === "text")}
      >
        <Stack gap={6} mt={4}>
          <Radio value="text" label="A text" description="Such as a key: $secrets.name is the text" />
          <Radio
            value="fields"
            label="Fields"
            description="bearer reads the field token; basic reads username and password"
          />
        </Stack>
      </Radio.Group>
      {isText ? (
        <PasswordInput
          label="Value"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={at.value}
          autoComplete="off"
          visibilityToggleButtonProps={{ "aria-label": "Show the value" }}
          required
        />
      ) : (
        <SecretFields fields={fields} onChange={setFields} error={wrong ?? at.value} />
      )}
    </DialogForm>
  );
}

interface SecretFieldsProps {
  fields: SecretField[];
  onChange: (fields: SecretField[]) => void;
  error?: string;
}

function SecretFields({ fields, onChange, error }: SecretFieldsProps) {
  const change = (id: number, changes: Partial<SecretField>) =>
    onChange(fields.map((field) => (field.id === id ? { ...field, ...changes } : field)));
  const add = () => {
    const name = USUAL_FIELDS.find((usual) => !fields.some((field) => field.name === usual)) ?? "";
    onChange([...fields, { id: Math.max(-1, ...fields.map((field) => field.id)) + 1, name, value: "" }]);
  };
  return (
    <Stack gap="xs">
      {fields.map(({ id, name, value }, index) => (
        <Group key={id} gap="xs" wrap="nowrap" align="flex-end">
          <TextInput
            label={`Field ${index + 1}`}
            value={name}
            onChange={(event) => change(id, { name: event.currentTarget.value })}
            autoComplete="off"
            style={{ flex: 1 }}
          />
          <PasswordInput
            label="Its value"
            value={value}
            onChange={(event) => change(id, { value: event.currentTarget.value })}
            autoComplete="off"
            visibilityToggleButtonProps={{ "aria-label": `Show the value of field ${index + 1}` }}
            style={{ flex: 1 }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`Remove field ${index + 1}`}
            onClick={() => onChange(fields.filter((field) => field.id !== id))}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {error && (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      )}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={add}
        style={{ alignSelf: "flex-start" }}
      >
        Another field
      </Button>
    </Stack>
  );
}
