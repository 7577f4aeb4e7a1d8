/** All addresses of the console. Each page is loaded when it is first gone to, but for home. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { HomePage } from "@/features/home/HomePage";
import { readRunSearch } from "@/features/run/address";
import { readRunsSearch } from "@/features/runs/address";
import { readListSearch, readWorkflowSearch } from "@/features/workflows/address";
import { makeAdministration } from "./administrationRoutes";
import { BrokenPage } from "./ErrorBoundary";
import { NotFoundPage } from "./NotFoundPage";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: readRunsSearch,
  component: lazyRouteComponent(() => import("@/features/runs/RunsPage"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  validateSearch: readRunSearch,
  component: lazyRouteComponent(() => import("@/features/run/RunPage"), "RunPage"),
});

const workflows = createRoute({
  getParentRoute: () => root,
  path: "/workflows",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("@/features/workflows/list/WorkflowsPage"), "WorkflowsPage"),
});

const workflow = createRoute({
  getParentRoute: () => root,
  path: "/workflows/$namespace/$name",
  validateSearch: readWorkflowSearch,
  component: lazyRouteComponent(() => import("@/features/workflows/WorkflowPage"), "WorkflowPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, runs, run, workflows, workflow, makeAdministration(root)]),
  defaultPreload: "intent",
  defaultErrorComponent: ({ error }) => <BrokenPage error={error} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
