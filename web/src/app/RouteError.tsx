import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { ApiError, UNREACHABLE } from "@/api/client";
import { BrokenPage } from "./ErrorBoundary";
import { liveStream } from "./live";

/** What browsers and the bundler say where a part of the console itself could not be loaded. */
const NOT_LOADED = /preload|dynamically imported module|importing a module script|error loading/i;

/** Tells whether an error means that a page's code did not arrive: the server is away, or is of another version now. */
export function isNotLoaded(error: unknown): boolean {
  return error instanceof Error && NOT_LOADED.test(error.message);
}

/** A page that cannot be shown. Where its code did not arrive, it is loaded anew as soon as the server is back. */
export function RouteError({ error }: { error: unknown }) {
  const router = useRouter();
  const isAway = isNotLoaded(error);
  useEffect(() => {
    if (!isAway) return;
    return liveStream.subscribeState(() => {
      if (liveStream.state === "live") window.location.assign(router.latestLocation.href);
    });
  }, [isAway, router]);
  return <BrokenPage error={isAway ? new ApiError(UNREACHABLE) : error} />;
}
