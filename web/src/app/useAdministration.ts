import { useMay, useMayEverywhere } from "@/features/session/permissions";
import { ADMINISTRATION, type AdministrationPage } from "./administration";

/** Returns the pages of the administration that the person may use, in their groups. */
export function useAdministration(): { title: string; pages: AdministrationPage[] }[] {
  const may = useMay();
  const mayEverywhere = useMayEverywhere();
  return ADMINISTRATION.map(({ title, pages }) => ({
    title,
    pages: pages.filter(
      ({ permission, isEverywhere }) => !permission || (isEverywhere ? mayEverywhere(permission) : may(permission)),
    ),
  })).filter(({ pages }) => pages.length > 0);
}
