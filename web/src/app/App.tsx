import { Center, Loader, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { ApiError, isSignedOut } from "@/api/client";
import { may } from "@/features/session/permissions";
import { meQuery } from "@/features/session/queries";
import { SignIn } from "@/features/session/SignIn";
import { noticeBoard } from "@/lib/notices";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ErrorBoundary } from "./ErrorBoundary";
import { followRuns, liveStream } from "./live";
import { tellOutside } from "./notifying";
import { router } from "./router";
import { resolveVariables, theme } from "./theme";

function endSession(error: unknown): void {
  if (isSignedOut(error)) queryClient.setQueryData(meQuery.queryKey, null);
}

const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: endSession }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (mutation.options.mutationKey?.[0] !== "sign-in") endSession(error);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.problem.retryable === true,
    },
  },
});

/** Everything: the providers, and the console for who is signed in. */
export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <ErrorBoundary>
        <QueryClientProvider client={queryClient}>
          <Gate />
        </QueryClientProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}

function Gate() {
  const me = useQuery(meQuery);
  const wasSignedIn = useRef(false);
  const isSignedIn = Boolean(me.data);
  const maySeeRuns = may(me.data, "run.read");
  useEffect(() => {
    wasSignedIn.current ||= isSignedIn;
  }, [isSignedIn]);
  useEffect(() => {
    if (!maySeeRuns) return;
    liveStream.start();
    const stops = [
      followRuns(liveStream, queryClient),
      liveStream.subscribe((news) => news.kind === "change" && noticeBoard.follow(news.change, new Date())),
      tellOutside(noticeBoard),
    ];
    void import("@/features/run/watching").then(({ watchers }) => watchers.restore(queryClient));
    return () => {
      for (const stop of stops) stop();
      liveStream.stop();
      noticeBoard.clear();
    };
  }, [maySeeRuns]);
  if (me.data) return <RouterProvider router={router} />;
  if (me.data === null) return <SignIn hasEnded={wasSignedIn.current} />;
  return (
    <Center component="main" mih="100vh" p="md">
      {me.error ? <ErrorNotice error={me.error} onRetry={() => void me.refetch()} /> : <Loader aria-label="Loading" />}
    </Center>
  );
}
