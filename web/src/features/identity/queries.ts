import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";

const PAGE = 100;
const MOST = 500;

export function peopleQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ["identity", "people", "list", search],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/people", { params: { query: { search, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export function personQuery(personId: string) {
  return queryOptions({
    queryKey: ["identity", "people", "one", personId],
    queryFn: () => got(api.GET("/api/v1/people/{person_id}", { params: { path: { person_id: personId } } })),
  });
}

export function grantsQuery(personId: string) {
  return queryOptions({
    queryKey: ["identity", "access", "grants", personId],
    queryFn: () => got(api.GET("/api/v1/people/{person_id}/grants", { params: { path: { person_id: personId } } })),
  });
}

export function holdersQuery(permission: string, namespace: string | null) {
  return queryOptions({
    queryKey: ["identity", "access", "holders", permission, namespace],
    queryFn: () => got(api.GET("/api/v1/access/who-can", { params: { query: { permission, namespace } } })),
  });
}

export const groupsQuery = queryOptions({
  queryKey: ["identity", "groups"],
  queryFn: async () => {
    const page = await got(api.GET("/api/v1/groups", { params: { query: { limit: MOST } } }));
    return page.items;
  },
});

export function membersQuery(group: string) {
  return infiniteQueryOptions({
    queryKey: ["identity", "members", group],
    queryFn: ({ pageParam }) =>
      got(
        api.GET("/api/v1/groups/{name}/members", {
          params: { path: { name: group }, query: { limit: PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

export const rolesQuery = queryOptions({
  queryKey: ["identity", "roles"],
  queryFn: () => got(api.GET("/api/v1/roles")),
});

export const bindingsQuery = infiniteQueryOptions({
  queryKey: ["identity", "bindings"],
  queryFn: ({ pageParam }) =>
    got(api.GET("/api/v1/bindings", { params: { query: { limit: MOST, cursor: pageParam } } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

export function tokensQuery(everybody: boolean) {
  return infiniteQueryOptions({
    queryKey: ["identity", "tokens", everybody],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/tokens", { params: { query: { everybody, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** They change with the server only. */
export const permissionsQuery = queryOptions({
  queryKey: ["identity", "permissions"],
  queryFn: () => got(api.GET("/api/v1/permissions")),
  staleTime: Number.POSITIVE_INFINITY,
});

export function sessionsOfQuery(personId: string) {
  return queryOptions({
    queryKey: ["identity", "sessions", personId],
    queryFn: () => got(api.GET("/api/v1/people/{person_id}/sessions", { params: { path: { person_id: personId } } })),
  });
}

export const sessionsQuery = queryOptions({
  queryKey: ["identity", "sessions"],
  queryFn: () => got(api.GET("/api/v1/me/sessions")),
});
