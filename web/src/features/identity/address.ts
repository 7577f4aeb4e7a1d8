/** What the pages of people and access keep in the address. */
import { readText, withoutUndefined } from "@/lib/address";

export interface PeopleSearch {
  search?: string;
}

export function readPeopleSearch(search: Record<string, unknown>): PeopleSearch {
  return withoutUndefined({ search: readText(search.search) });
}

export interface TokensSearch {
  everybody?: boolean;
}

export function readTokensSearch(search: Record<string, unknown>): TokensSearch {
  return search.everybody === true ? { everybody: true } : {};
}

export interface WhoCanSearch {
  permission?: string;
  namespace?: string;
}

export function readWhoCanSearch(search: Record<string, unknown>): WhoCanSearch {
  return withoutUndefined({ permission: readText(search.permission), namespace: readText(search.namespace) });
}
