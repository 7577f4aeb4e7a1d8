/** What a person has chosen in the console, kept by the server: one object, of which each feature has members. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError, api, got } from "@/api/client";

type Choices = Record<string, unknown>;

const MOST_TRIES = 3;

export const preferencesQuery = queryOptions({
  queryKey: ["me", "preferences"],
  queryFn: () => got(api.GET("/api/v1/me/preferences")),
  staleTime: 60_000,
});

/**
 * Changes what a person has chosen. Where another tab has saved meanwhile, the change is made to what is there now.
 *
 * Throws `ApiError` if it is not saved.
 */
export async function changePreferences(queryClient: QueryClient, change: (before: Choices) => Choices): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { revision, value } = await queryClient.fetchQuery({ ...preferencesQuery, staleTime: 0 });
    try {
      const saved = await got(
        api.PUT("/api/v1/me/preferences", { body: { revision, value: change(value) as typeof value } }),
      );
      queryClient.setQueryData(preferencesQuery.queryKey, saved);
      return;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409 && tries < MOST_TRIES)) throw error;
    }
  }
}
