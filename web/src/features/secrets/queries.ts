import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, got } from "@/api/client";

const PAGE = 100;

export function secretsQuery(namespace: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ["secrets", namespace ?? null],
    queryFn: ({ pageParam }) =>
      got(api.GET("/api/v1/secrets", { params: { query: { namespace, limit: PAGE, cursor: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}
