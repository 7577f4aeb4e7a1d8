/** What the page of secrets keeps in the address. */
import { readText, withoutUndefined } from "@/lib/address";

export interface SecretsSearch {
  namespace?: string;
}

export function readSecretsSearch(search: Record<string, unknown>): SecretsSearch {
  return withoutUndefined({ namespace: readText(search.namespace) });
}
