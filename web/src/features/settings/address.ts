/** What the page of settings keeps in the address. */
import { readText, withoutUndefined } from "@/lib/address";

export interface SettingsSearch {
  text?: string;
  /** Whether only what somebody has set is shown. */
  set?: boolean;
}

export function readSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  return withoutUndefined({ text: readText(search.text), set: search.set === true ? true : undefined });
}
