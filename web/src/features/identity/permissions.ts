/** Permissions in their order, with what each allows as the server says it. */
import type { PermissionText } from "@/api/schema";

export interface Permissions {
  /** All that there are, in the order in which people think of them. */
  all: readonly PermissionText[];
  /** Says what one allows. */
  describe: (permission: string) => string;
  /** Returns some in the order in which they are always shown; such as are not known come last. */
  sort: (permissions: readonly string[]) => string[];
}

export function orderPermissions(all: readonly PermissionText[]): Permissions {
  const texts = new Map(all.map(({ name, text }) => [name, text]));
  const places = new Map(all.map(({ name }, index) => [name, index]));
  const place = (permission: string) => places.get(permission) ?? all.length;
  return {
    all,
    describe: (permission) => texts.get(permission) ?? permission,
    sort: (permissions) => [...permissions].sort((one, other) => place(one) - place(other) || one.localeCompare(other)),
  };
}

/** Says where something is held: "everywhere", or the namespaces. */
export function describePlaces(namespaces: readonly string[] | null | undefined): string {
  if (namespaces === null || namespaces === undefined) return "everywhere";
  return namespaces.length === 0 ? "nowhere" : [...namespaces].sort().join(", ");
}
