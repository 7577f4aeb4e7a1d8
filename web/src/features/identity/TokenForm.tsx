import { Alert, Button, CopyButton, Group, Radio, Stack, TagsInput, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { MadeToken } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { meQuery } from "@/features/session/queries";
import { fromField } from "@/lib/fields";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { dayFromNow } from "./expiry";
import { PermissionChoice } from "./PermissionChoice";

const DEFAULT_DAYS = 90;

/** The form that makes an API token, and then shows its secret, this once. */
export function TokenForm({ onClose }: { onClose: () => void }) {
  const { data: me } = useQuery(meQuery);
  const namespaces = useNamespaces();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>([]);
  const [isEverywhere, setIsEverywhere] = useState(true);
  const [chosen, setChosen] = useState<string[]>([]);
  const [expires, setExpires] = useState(() => dayFromNow(DEFAULT_DAYS, new Date()));
  const [made, setMade] = useState<MadeToken | null>(null);
  const create = useAction({
    run: () =>
      got(
        api.POST("/api/v1/tokens", {
          body: {
            name,
            scope: { permissions, namespaces: isEverywhere ? null : chosen },
            expires_at: fromField(expires) ?? "",
          },
        }),
      ),
    success: () => `The token ${name} is made.`,
    refresh: [["identity", "tokens"]],
    onDone: setMade,
  });
  if (made) return <TokenSecret made={made} onClose={onClose} />;
  const { at, rest } = placeError(create.error, {
    expires: /expires|future|days/i,
    namespaces: /namespace/i,
    permissions: /permission/i,
    name: /name|visible/i,
  });
  return (
    <DialogForm
      submit="Make the token"
      consequence="Its secret is shown once, right after this. It acts for you, and never does more than you may at that time."
      isPending={create.isPending}
      isDisabled={permissions.length === 0}
      error={rest}
      onSubmit={() => create.mutate()}
      onCancel={onClose}
    >
      <TextInput
        label="Name"
        description="The program that will use it"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={at.name}
        data-autofocus
        required
      />
      <PermissionChoice
        label="It may"
        choices={(me?.grants ?? []).map((grant) => grant.permission)}
        value={permissions}
        onChange={setPermissions}
        error={at.permissions}
      />
      <Radio.Group
        label="Where"
        value={isEverywhere ? "everywhere" : "some"}
        onChange={(value) => setIsEverywhere(value === "everywhere")}
      >
        <Group gap="md" mt={4}>
          <Radio value="everywhere" label="Wherever you may" />
          <Radio value="some" label="In some namespaces only" />
        </Group>
      </Radio.Group>
      {!isEverywhere && (
        <TagsInput
          label="Namespaces"
          description="Type a name and press Enter"
          data={namespaces}
          value={chosen}
          onChange={setChosen}
          error={at.namespaces}
          acceptValueOnBlur
        />
      )}
      <TextInput
        type="date"
        label="Until the end of"
        description="Within a year"
        value={expires}
        onChange={(event) => setExpires(event.currentTarget.value)}
        error={at.expires}
        required
      />
    </DialogForm>
  );
}

function TokenSecret({ made, onClose }: { made: MadeToken; onClose: () => void }) {
  return (
    <Stack gap="sm">
      <Alert
        color="yellow"
        icon={<IconAlertTriangle aria-hidden />}
        title="Copy it now: it is not shown again"
        role="alert"
      >
        Whoever has it can do what it may. Keep it where the program keeps its secrets; if it gets lost, revoke it and
        make another.
      </Alert>
      <TextInput
        label={`The token ${made.token.name}`}
        value={made.text}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        data-autofocus
      />
      <Group justify="flex-end" gap="xs">
        <CopyButton value={made.text}>
          {({ copied, copy }) => (
            <Button
              onClick={copy}
              variant={copied ? "light" : "filled"}
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            >
              <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
            </Button>
          )}
        </CopyButton>
        <Button variant="default" onClick={onClose}>
          I have kept it
        </Button>
      </Group>
    </Stack>
  );
}
