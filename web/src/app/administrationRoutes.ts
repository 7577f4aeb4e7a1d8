/** The addresses of the administration. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readAuditSearch } from "@/features/audit/address";
import { readPeopleSearch, readTokensSearch, readWhoCanSearch } from "@/features/identity/address";
import { readSecretsSearch } from "@/features/secrets/address";
import { readSettingsSearch } from "@/features/settings/address";
import { root } from "./root";

const layout = createRoute({
  getParentRoute: () => root,
  path: "/administration",
  component: lazyRouteComponent(() => import("./AdministrationLayout"), "AdministrationLayout"),
});
const parent = () => layout;

const overview = createRoute({
  getParentRoute: parent,
  path: "/",
  component: lazyRouteComponent(() => import("./AdministrationHome"), "AdministrationHome"),
});

const account = createRoute({
  getParentRoute: parent,
  path: "/account",
  component: lazyRouteComponent(() => import("@/features/identity/AccountPage"), "AccountPage"),
});

const tokens = createRoute({
  getParentRoute: parent,
  path: "/tokens",
  validateSearch: readTokensSearch,
  component: lazyRouteComponent(() => import("@/features/identity/TokensPage"), "TokensPage"),
});

const people = createRoute({
  getParentRoute: parent,
  path: "/people",
  validateSearch: readPeopleSearch,
  component: lazyRouteComponent(() => import("@/features/identity/PeoplePage"), "PeoplePage"),
});

const person = createRoute({
  getParentRoute: parent,
  path: "/people/$personId",
  component: lazyRouteComponent(() => import("@/features/identity/PersonPage"), "PersonPage"),
});

const groups = createRoute({
  getParentRoute: parent,
  path: "/groups",
  component: lazyRouteComponent(() => import("@/features/identity/GroupsPage"), "GroupsPage"),
});

const group = createRoute({
  getParentRoute: parent,
  path: "/groups/$group",
  component: lazyRouteComponent(() => import("@/features/identity/GroupPage"), "GroupPage"),
});

const roles = createRoute({
  getParentRoute: parent,
  path: "/roles",
  component: lazyRouteComponent(() => import("@/features/identity/RolesPage"), "RolesPage"),
});

const bindings = createRoute({
  getParentRoute: parent,
  path: "/bindings",
  validateSearch: readPeopleSearch,
  component: lazyRouteComponent(() => import("@/features/identity/BindingsPage"), "BindingsPage"),
});

const whoCan = createRoute({
  getParentRoute: parent,
  path: "/who-can",
  validateSearch: readWhoCanSearch,
  component: lazyRouteComponent(() => import("@/features/identity/WhoCanPage"), "WhoCanPage"),
});

const secrets = createRoute({
  getParentRoute: parent,
  path: "/secrets",
  validateSearch: readSecretsSearch,
  component: lazyRouteComponent(() => import("@/features/secrets/SecretsPage"), "SecretsPage"),
});

const audit = createRoute({
  getParentRoute: parent,
  path: "/audit",
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import("@/features/audit/AuditPage"), "AuditPage"),
});

const verification = createRoute({
  getParentRoute: parent,
  path: "/audit/verification",
  component: lazyRouteComponent(() => import("@/features/audit/VerificationPage"), "VerificationPage"),
});

const heads = createRoute({
  getParentRoute: parent,
  path: "/audit/heads",
  component: lazyRouteComponent(() => import("@/features/audit/HeadsPage"), "HeadsPage"),
});

const signIn = createRoute({
  getParentRoute: parent,
  path: "/sign-in",
  component: lazyRouteComponent(() => import("@/features/settings/SignInPage"), "SignInPage"),
});

const settings = createRoute({
  getParentRoute: parent,
  path: "/settings",
  validateSearch: readSettingsSearch,
  component: lazyRouteComponent(() => import("@/features/settings/SettingsPage"), "SettingsPage"),
});

const diagnostics = createRoute({
  getParentRoute: parent,
  path: "/diagnostics",
  component: lazyRouteComponent(() => import("@/features/settings/DiagnosticsPage"), "DiagnosticsPage"),
});

/** The route `/administration` with all pages under it. */
export const administration = layout.addChildren([
  overview,
  account,
  tokens,
  people,
  person,
  groups,
  group,
  roles,
  bindings,
  whoCan,
  secrets,
  audit,
  verification,
  heads,
  signIn,
  settings,
  diagnostics,
]);
