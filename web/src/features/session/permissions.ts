/** What the person who is signed in may do. The server decides; this only keeps buttons away that it would refuse. */
import { useQuery } from "@tanstack/react-query";
import type { Me } from "@/api/schema";
import { meQuery } from "./queries";

/** Tells whether `me` has a permission in a namespace; anywhere, where no namespace is given. */
export function may(me: Me | null | undefined, permission: string, namespace?: string): boolean {
  const grant = me?.grants.find((each) => each.permission === permission);
  if (!grant) return false;
  return grant.namespaces === null || namespace === undefined || grant.namespaces.includes(namespace);
}

/** Returns a function that tells whether the person may do something. */
export function useMay(): (permission: string, namespace?: string) => boolean {
  const { data } = useQuery(meQuery);
  return (permission, namespace) => may(data, permission, namespace);
}

/** Tells whether `me` has a permission in all namespaces, as what concerns the whole installation asks for. */
export function mayEverywhere(me: Me | null | undefined, permission: string): boolean {
  return me?.grants.some((each) => each.permission === permission && each.namespaces === null) ?? false;
}

/** Returns a function that tells whether the person may do something in all namespaces. */
export function useMayEverywhere(): (permission: string) => boolean {
  const { data } = useQuery(meQuery);
  return (permission) => mayEverywhere(data, permission);
}
