import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { orderPermissions, type Permissions } from "./permissions";
import { permissionsQuery } from "./queries";

/** All permissions; none until they have been read, and their names are shown meanwhile. */
export function usePermissions(): Permissions {
  const { data } = useQuery(permissionsQuery);
  return useMemo(() => orderPermissions(data ?? []), [data]);
}
