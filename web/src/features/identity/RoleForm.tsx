import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, got } from "@/api/client";
import type { Role } from "@/api/schema";
import { meQuery } from "@/features/session/queries";
import { placeError } from "@/lib/placement";
import { DialogForm } from "@/ui/DialogForm";
import { useAction } from "@/ui/useAction";
import { PermissionChoice } from "./PermissionChoice";
import { rolesQuery } from "./queries";

/** The form that makes an own role, or changes `role`. */
export function RoleForm({ role, onClose }: { role?: Role; onClose: () => void }) {
  const { data: me } = useQuery(meQuery);
  const roles = useQuery(rolesQuery);
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [permissions, setPermissions] = useState(role?.permissions ?? []);
  const isTaken = !role && (roles.data ?? []).some((each) => each.name === name);
  const define = useAction({
    run: () =>
      got(
        api.PUT("/api/v1/roles/{name}", {
          params: { path: { name } },
          body: { description, permissions },
        }),
      ),
    success: () => (role ? `The role ${name} is changed.` : `The role ${name} is made.`),
    refresh: [
      ["identity", "roles"],
      ["identity", "access"],
    ],
    onDone: onClose,
  });
  const { at, rest } = placeError(define.error, {
    permissions: /permission/i,
    description: /description/i,
    name: /role|name/i,
  });
  return (
    <DialogForm
      submit={role ? "Change the role" : "Make the role"}
      consequence={
        role
          ? "Whoever has the role may do what it says now, at once."
          : "It gives nothing until it is given to somebody. Nobody can give what they do not have themselves."
      }
      isPending={define.isPending}
      isDisabled={isTaken || permissions.length === 0}
      error={rest}
      onSubmit={() => define.mutate()}
      onCancel={onClose}
    >
      {!role && (
        <TextInput
          label="Name"
          description="Small letters, digits and -, a letter first"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={isTaken ? "There is a role of this name; change that one." : at.name}
          data-autofocus
          required
        />
      )}
      <TextInput
        label="What it is for"
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
        error={at.description}
      />
      <PermissionChoice
        label="Permissions"
        choices={(me?.grants ?? [])
          .map((grant) => grant.permission)
          .concat(role?.permissions ?? [])
          .filter(isFirst)}
        value={permissions}
        onChange={setPermissions}
        error={at.permissions}
      />
    </DialogForm>
  );
}

function isFirst(permission: string, index: number, all: string[]): boolean {
  return all.indexOf(permission) === index;
}
