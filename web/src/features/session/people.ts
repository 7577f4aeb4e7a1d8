/** What people are called, for pages that know their ids. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Person } from "@/api/schema";
import { useMayEverywhere } from "./permissions";
import { meQuery } from "./queries";

const MOST = 500;

export function foundPeopleQuery(search: string) {
  return queryOptions({
    queryKey: ["identity", "people", "found", search],
    queryFn: async () => {
      const page = await got(api.GET("/api/v1/people", { params: { query: { search, limit: MOST } } }));
      return page.items;
    },
    staleTime: 30_000,
  });
}

/** Returns what a person is called: what they want to be called, with what they type, where it differs. */
export function describePerson(person: Pick<Person, "name" | "display_name">): string {
  const { name, display_name } = person;
  return display_name && display_name.toLowerCase() !== name ? `${display_name} (${name})` : name;
}

/** Returns a function from a person's id to what they are called; to the id itself where that is not known. */
export function usePeopleNames(): (personId: string) => string {
  const mayRead = useMayEverywhere()("identity.read");
  const { data: me } = useQuery(meQuery);
  const { data: people } = useQuery({ ...foundPeopleQuery(""), enabled: mayRead });
  return (personId) => {
    if (personId === me?.principal_id) return `${describePerson(me)}, you`;
    const person = people?.find((each) => each.person_id === personId);
    return person ? describePerson(person) : personId;
  };
}
