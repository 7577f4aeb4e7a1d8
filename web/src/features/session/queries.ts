import { queryOptions } from "@tanstack/react-query";
import { api, got, isSignedOut } from "@/api/client";
import type { Me } from "@/api/schema";

/** Who is signed in; `null` for nobody. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async (): Promise<Me | null> => {
    try {
      const state = await got(api.GET("/api/v1/sign-in"));
      return state.is_signed_in ? await got(api.GET("/api/v1/me")) : null;
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const providersQuery = queryOptions({
  queryKey: ["sign-in-providers"],
  queryFn: () => got(api.GET("/api/v1/sign-in/providers")),
});
