/** All addresses of the console. Each page is loaded when it is first gone to, but for home. */
import { createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readEventsSearch } from "@/features/events/address";
import { readHomeSearch } from "@/features/home/address";
import { HomePage } from "@/features/home/HomePage";
import { readDeliverySearch, readReportSearch } from "@/features/reports/address";
import { readRunSearch } from "@/features/run/address";
import { readCompareSearch } from "@/features/run/compare/address";
import { readRunsSearch } from "@/features/runs/address";
import { readListSearch, readNewSearch, readWorkflowSearch } from "@/features/workflows/address";
import { administration } from "./administrationRoutes";
import { RouteError } from "./RouteError";
import { root } from "./root";

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: readHomeSearch,
  component: HomePage,
});

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

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: readCompareSearch,
  component: lazyRouteComponent(() => import("@/features/run/compare/ComparePage"), "ComparePage"),
});

const events = createRoute({
  getParentRoute: () => root,
  path: "/events",
  validateSearch: readEventsSearch,
  component: lazyRouteComponent(() => import("@/features/events/EventsPage"), "EventsPage"),
});

const workflows = createRoute({
  getParentRoute: () => root,
  path: "/workflows",
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import("@/features/workflows/list/WorkflowsPage"), "WorkflowsPage"),
});

const newWorkflow = createRoute({
  getParentRoute: () => root,
  path: "/workflows/new",
  validateSearch: readNewSearch,
  component: lazyRouteComponent(() => import("@/features/workflows/new/NewWorkflowPage"), "NewWorkflowPage"),
});

const workflow = createRoute({
  getParentRoute: () => root,
  path: "/workflows/$namespace/$name",
  validateSearch: readWorkflowSearch,
  component: lazyRouteComponent(() => import("@/features/workflows/WorkflowPage"), "WorkflowPage"),
});

const reports = createRoute({
  getParentRoute: () => root,
  path: "/reports",
  validateSearch: readReportSearch,
  component: lazyRouteComponent(() => import("@/features/reports/ReportsPage"), "ReportsPage"),
});

const delivery = createRoute({
  getParentRoute: () => root,
  path: "/reports/delivery",
  validateSearch: readDeliverySearch,
  component: lazyRouteComponent(() => import("@/features/reports/DeliveryPage"), "DeliveryPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    runs,
    run,
    compare,
    events,
    workflows,
    newWorkflow,
    workflow,
    reports,
    delivery,
    administration,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: RouteError,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
