import { Group } from "@mantine/core";
import { useRouterState } from "@tanstack/react-router";
import { ButtonLink } from "@/ui/links";

const PAGES = [
  { to: "/administration/audit", label: "Records" },
  { to: "/administration/audit/verification", label: "Verification" },
  { to: "/administration/audit/heads", label: "Signed heads" },
] as const;

/** The pages of the audit log. */
export function AuditTabs() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <Group component="nav" aria-label="Audit log" gap="xs" className="no-print">
      {PAGES.map(({ to, label }) => (
        <ButtonLink
          key={to}
          to={to}
          size="xs"
          variant={path === to ? "light" : "default"}
          aria-current={path === to ? "page" : undefined}
        >
          {label}
        </ButtonLink>
      ))}
    </Group>
  );
}
