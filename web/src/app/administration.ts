/** The pages of the administration, in groups; each is shown to who may use it. */
import {
  IconActivityHeartbeat,
  IconAdjustments,
  IconKey,
  IconLink,
  IconListSearch,
  IconLogin,
  IconPassword,
  IconShield,
  IconShieldQuestion,
  IconUserCircle,
  IconUsers,
  IconUsersGroup,
  type TablerIcon,
} from "@tabler/icons-react";

export interface AdministrationPage {
  label: string;
  to: AdministrationAddress;
  icon: TablerIcon;
  summary: string;
  permission?: string;
  /** Whether the permission must be held in all namespaces. */
  isEverywhere?: boolean;
}

type AdministrationAddress = `/administration/${
  | "account"
  | "tokens"
  | "people"
  | "groups"
  | "roles"
  | "bindings"
  | "who-can"
  | "secrets"
  | "audit"
  | "sign-in"
  | "settings"
  | "diagnostics"}`;

export const ADMINISTRATION: { title: string; pages: AdministrationPage[] }[] = [
  {
    title: "You",
    pages: [
      {
        label: "Your account",
        to: "/administration/account",
        icon: IconUserCircle,
        summary: "Your password, and where you are signed in",
      },
      {
        label: "API tokens",
        to: "/administration/tokens",
        icon: IconKey,
        summary: "Let programs act for you, within limits",
      },
    ],
  },
  {
    title: "Access",
    pages: [
      {
        label: "People",
        to: "/administration/people",
        icon: IconUsers,
        summary: "Accounts, and what each may do",
        permission: "identity.read",
        isEverywhere: true,
      },
      {
        label: "Groups",
        to: "/administration/groups",
        icon: IconUsersGroup,
        summary: "Who belongs together",
        permission: "identity.read",
        isEverywhere: true,
      },
      {
        label: "Roles",
        to: "/administration/roles",
        icon: IconShield,
        summary: "Named sets of permissions, explained",
        permission: "identity.read",
      },
      {
        label: "Bindings",
        to: "/administration/bindings",
        icon: IconLink,
        summary: "Who has which role, where and until when",
        permission: "identity.read",
      },
      {
        label: "Who can do this?",
        to: "/administration/who-can",
        icon: IconShieldQuestion,
        summary: "Everybody with a permission, and why",
        permission: "identity.read",
      },
    ],
  },
  {
    title: "Installation",
    pages: [
      {
        label: "Secrets",
        to: "/administration/secrets",
        icon: IconPassword,
        summary: "What workflows may read and nobody may see",
        permission: "secret.read",
      },
      {
        label: "Audit log",
        to: "/administration/audit",
        icon: IconListSearch,
        summary: "Who did what, and whether the log is whole",
        permission: "audit.read",
      },
      {
        label: "Sign-in",
        to: "/administration/sign-in",
        icon: IconLogin,
        summary: "The providers that people may sign in by",
      },
      {
        label: "Settings",
        to: "/administration/settings",
        icon: IconAdjustments,
        summary: "What is in force, and where it comes from",
        permission: "settings.read",
        isEverywhere: true,
      },
      {
        label: "Diagnostics",
        to: "/administration/diagnostics",
        icon: IconActivityHeartbeat,
        summary: "What is wrong with the installation",
        permission: "settings.read",
        isEverywhere: true,
      },
    ],
  },
];
