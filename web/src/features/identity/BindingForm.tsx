import { Autocomplete, NativeSelect, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { Subject } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { PersonInput } from "@/features/session/PersonInput";
import { useMayEverywhere } from "@/features/session/permissions";
import { fromField } from "@/lib/fields";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { groupsQuery, rolesQuery } from "./queries";

/** The form that gives a role to a person or a group; to `subject`, where it is given. */
export function BindingForm({ subject, onClose }: { subject?: Subject; onClose: () => void }) {
  const mayEverywhere = useMayEverywhere();
  const namespaces = useNamespaces();
  const roles = useQuery(rolesQuery);
  const [role, setRole] = useState("");
  const [kind, setKind] = useState<Subject["kind"]>("group");
  const [key, setKey] = useState("");
  const [isEverywhere, setIsEverywhere] = useState(false);
  const [namespace, setNamespace] = useState("");
  const [expires, setExpires] = useState("");
  const chosen = roles.data?.find((each) => each.name === role);
  const give = useAction({
    run: () =>
      got(
        api.POST("/api/v1/bindings", {
          body: {
            role,
            subject: subject ?? { kind, key },
            namespace: isEverywhere ? null : namespace.trim(),
            expires_at: fromField(expires),
          },
        }),
      ),
    success: (binding) => `The role ${binding.role} is given.`,
    refresh: [
      ["identity", "bindings"],
      ["identity", "access"],
    ],
    onDone: onClose,
  });
  const { at, rest } = placeError(give.error, {
    expires: /expires|expiry|future/i,
    namespace: /namespace/i,
    key: /group|account|person/i,
    role: /role/i,
  });
  return (
    <DialogForm
      submit="Give the role"
      consequence="It holds at once. Nobody can give what they do not have themselves."
      isPending={give.isPending}
      error={rest}
      onSubmit={() => give.mutate()}
      onCancel={onClose}
    >
      <NativeSelect
        label="Role"
        data={[
          { value: "", label: "Choose a role", disabled: true },
          ...(roles.data ?? []).map((each) => ({ value: each.name, label: each.name })),
        ]}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
        description={chosen?.description}
        error={at.role}
        data-autofocus
        required
      />
      {!subject && (
        <SubjectFields
          kind={kind}
          onKind={(next) => {
            setKind(next);
            setKey("");
          }}
          value={key}
          onChange={setKey}
          error={at.key}
        />
      )}
      <Radio.Group
        label="Where"
        value={isEverywhere ? "everywhere" : "namespace"}
        onChange={(value) => setIsEverywhere(value === "everywhere")}
      >
        <Stack gap={6} mt={4}>
          <Radio value="namespace" label="In one namespace" />
          <Radio
            value="everywhere"
            label="Everywhere"
            disabled={!mayEverywhere("identity.write")}
            description="All namespaces, those to come too, and the installation itself"
          />
        </Stack>
      </Radio.Group>
      {!isEverywhere && (
        <Autocomplete
          label="Namespace"
          data={namespaces}
          value={namespace}
          onChange={setNamespace}
          error={at.namespace}
          required
        />
      )}
      {isEverywhere && at.namespace && <Text c="red">{at.namespace}</Text>}
      <TextInput
        type="datetime-local"
        label="Until"
        description="In your time zone; left out, for good"
        value={expires}
        onChange={(event) => setExpires(event.currentTarget.value)}
        error={at.expires}
      />
    </DialogForm>
  );
}

interface SubjectFieldsProps {
  kind: Subject["kind"];
  onKind: (kind: Subject["kind"]) => void;
  value: string;
  onChange: (key: string) => void;
  error?: string;
}

function SubjectFields({ kind, onKind, value, onChange, error }: SubjectFieldsProps) {
  const mayList = useMayEverywhere()("identity.read");
  const groups = useQuery({ ...groupsQuery, enabled: mayList });
  return (
    <>
      <Radio.Group label="To whom" value={kind} onChange={(next) => onKind(next as Subject["kind"])}>
        <Stack gap={6} mt={4}>
          <Radio value="group" label="A group" description="Who joins it has the role, who leaves it has not" />
          <Radio value="person" label="A person" />
        </Stack>
      </Radio.Group>
      {kind === "group" ? (
        <Autocomplete
          label="Group"
          description="A group of a sign-in provider is written as provider:group"
          data={(groups.data ?? []).map((each) => each.name)}
          value={value}
          onChange={onChange}
          error={error}
          required
        />
      ) : (
        <PersonInput label="Person" value={value} onChange={onChange} error={error} required />
      )}
    </>
  );
}
