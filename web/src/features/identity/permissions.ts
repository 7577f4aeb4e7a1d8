/** What each permission allows, in the order in which people think of them: docs/reference/access.md. */

export const PERMISSIONS: Record<string, string> = {
  "workflow.read": "See workflows, their drafts and versions.",
  "workflow.write": "Make and change drafts, deprecate versions.",
  "workflow.publish": "Publish a draft as a version.",
  "run.read": "See runs, their state and history.",
  "run.start": "Start runs.",
  "run.control": "Cancel, suspend and resume runs.",
  "run.repair": "Retry and skip tasks, fork runs.",
  "run.data": "See inputs, outputs and logs of runs.",
  "secret.read": "See the names of secrets, never their values.",
  "secret.write": "Set and delete secrets.",
  "approval.decide": "Answer approvals.",
  "audit.read": "Read, verify and export the audit log.",
  "identity.read": "See people, groups, roles, bindings, and other people's sessions and API tokens.",
  "identity.write": "Change accounts, groups, roles and bindings; in all namespaces, this is power over everything.",
  "settings.read": "See the installation's settings.",
};

const ORDER = Object.keys(PERMISSIONS);

/** Returns permissions in the order in which they are always shown; such as are not known here come last. */
export function sortPermissions(permissions: readonly string[]): string[] {
  const place = (permission: string) => {
    const index = ORDER.indexOf(permission);
    return index < 0 ? ORDER.length : index;
  };
  return [...permissions].sort((one, other) => place(one) - place(other) || one.localeCompare(other));
}

/** Says where something is held: "everywhere", or the namespaces. */
export function describePlaces(namespaces: readonly string[] | null | undefined): string {
  if (namespaces === null || namespaces === undefined) return "everywhere";
  return namespaces.length === 0 ? "nowhere" : [...namespaces].sort().join(", ");
}
