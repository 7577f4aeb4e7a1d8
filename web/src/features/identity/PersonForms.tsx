import { Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { Person } from "@/api/schema";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";

const PEOPLE = ["identity", "people"];

interface FormProps {
  onClose: () => void;
}

/** The form that makes an account. */
export function CreatePersonForm({ onClose }: FormProps) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [password, setPassword] = useState("");
  const [hasPassword, setHasPassword] = useState(true);
  const create = useAction({
    run: () =>
      got(
        api.POST("/api/v1/people", {
          body: {
            name,
            display_name: displayName,
            password: hasPassword ? password : null,
          },
        }),
      ),
    success: (person) => `The account ${person.name} is made.`,
    refresh: [PEOPLE],
    onDone: ({ person_id }) => {
      onClose();
      void navigate({ to: "/administration/people/$personId", params: { personId: person_id } });
    },
  });
  const { at, rest } = placeError(create.error, {
    password: /password/i,
    displayName: /display name/i,
    name: /name|account/i,
  });
  return (
    <DialogForm
      submit="Make the account"
      consequence="The account may do nothing until a role is given to it, or to a group that it is in."
      isPending={create.isPending}
      error={rest}
      onSubmit={() => create.mutate()}
      onCancel={onClose}
    >
      <TextInput
        label="Name"
        description="What is typed at the sign-in: small letters, digits and . _ @ + -"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={at.name}
        autoComplete="off"
        data-autofocus
        required
      />
      <TextInput
        label="Called"
        description="How the person wants to be called; left out, the name"
        value={displayName}
        onChange={(event) => setDisplayName(event.currentTarget.value)}
        error={at.displayName}
        autoComplete="off"
      />
      <Checkbox
        label="Signs in by a password"
        description="Without one, only a sign-in provider or API tokens can use the account"
        checked={hasPassword}
        onChange={(event) => setHasPassword(event.currentTarget.checked)}
      />
      {hasPassword && (
        <PasswordInput
          label="First password"
          description="Tell it to the person, who can change it"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={at.password}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          required
        />
      )}
    </DialogForm>
  );
}

/** The form that changes what a person is called. */
export function RenameForm({ person, onClose }: FormProps & { person: Person }) {
  const [name, setName] = useState(person.name);
  const [displayName, setDisplayName] = useState(person.display_name);
  const rename = useAction({
    run: () =>
      got(
        api.PATCH("/api/v1/people/{person_id}", {
          params: { path: { person_id: person.person_id } },
          body: { name, display_name: displayName },
        }),
      ),
    success: (renamed) => `The account is called ${renamed.name} now.`,
    refresh: [PEOPLE],
    onDone: onClose,
  });
  const { at, rest } = placeError(rename.error, { displayName: /display name/i, name: /name|account/i });
  return (
    <DialogForm
      submit="Rename"
      consequence="Sessions, tokens and roles stay. The audit log keeps the old name where it was written."
      isPending={rename.isPending}
      error={rest}
      onSubmit={() => rename.mutate()}
      onCancel={onClose}
    >
      <TextInput
        label="Name"
        description="What is typed at the sign-in"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={at.name}
        autoComplete="off"
        data-autofocus
        required
      />
      <TextInput
        label="Called"
        value={displayName}
        onChange={(event) => setDisplayName(event.currentTarget.value)}
        error={at.displayName}
        autoComplete="off"
        required
      />
    </DialogForm>
  );
}

/** The form that gives a person a new password. */
export function ResetPasswordForm({ person, onClose }: FormProps & { person: Person }) {
  const [password, setPassword] = useState("");
  const reset = useAction({
    run: () =>
      got(
        api.POST("/api/v1/people/{person_id}/password", {
          params: { path: { person_id: person.person_id } },
          body: { password },
        }),
      ),
    success: () => `${person.name} has a new password, and was signed out everywhere.`,
    refresh: [PEOPLE],
    onDone: onClose,
  });
  const { at, rest } = placeError(reset.error, { password: /password/i });
  return (
    <DialogForm
      submit="Set the password"
      consequence={`All sessions of ${person.name} end at once, API tokens stay. Tell the person the password, and to change it.`}
      isPending={reset.isPending}
      error={rest}
      onSubmit={() => reset.mutate()}
      onCancel={onClose}
    >
      <PasswordInput
        label="New password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={at.password}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        data-autofocus
        required
      />
    </DialogForm>
  );
}
