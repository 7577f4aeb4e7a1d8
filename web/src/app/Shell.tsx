import { AppShell, Burger, Button, Group, Kbd, Menu, Text, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { openSpotlight } from "@mantine/spotlight";
import { IconLogout, IconSearch, IconUser } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "@/api/client";
import { useMay } from "@/features/session/permissions";
import { meQuery } from "@/features/session/queries";
import { NavigationLink } from "@/ui/links";
import { Announcer } from "./Announcer";
import { LiveSign } from "./LiveSign";
import { Notices } from "./Notices";
import { DESTINATIONS } from "./navigation";
import { Palette } from "./Palette";
import { SchemeMenu } from "./SchemeMenu";
import { Shortcuts } from "./Shortcuts";

/** What stands around every page: the navigation, the command palette, the state of the live stream, who is signed in. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure();
  const may = useMay();
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another page is shown
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 200, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a className="skip-link" href="#content">
        Skip to the page
      </a>
      <AppShell.Header className="no-print">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link to="/" aria-label="Kapell" style={{ textDecoration: "none", color: "inherit" }}>
              <Group gap={8} wrap="nowrap">
                <img src="/icon.svg" width={24} height={24} alt="" />
                <Text fw={700} component="span" visibleFrom="xs">
                  Kapell
                </Text>
              </Group>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap" style={{ flex: "none" }}>
            <LiveSign />
            <UnstyledButton onClick={openSpotlight} aria-keyshortcuts="Control+K">
              <Group gap={6} px="xs" py={4} wrap="nowrap">
                <IconSearch size={16} aria-hidden />
                <VisuallyHidden>Find or do something</VisuallyHidden>
                <Kbd size="xs" visibleFrom="sm" aria-hidden>
                  Ctrl K
                </Kbd>
              </Group>
            </UnstyledButton>
            <Notices />
            <SchemeMenu />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className="no-print" aria-label="Pages" data-closed={!isOpen || undefined}>
        {DESTINATIONS.filter((each) => !each.permission || may(each.permission)).map(({ label, to, icon: Icon }) => {
          const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
          return (
            <NavigationLink
              key={to}
              to={to}
              label={label}
              leftSection={<Icon size={18} aria-hidden />}
              active={isHere}
              aria-current={isHere ? "page" : undefined}
              variant="light"
            />
          );
        })}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <Announcer />
      <Palette />
      <Shortcuts />
    </AppShell>
  );
}

function AccountMenu() {
  const { data: me } = useQuery(meQuery);
  const queryClient = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => api.POST("/api/v1/sign-out"),
    onSuccess: () => {
      queryClient.clear();
      queryClient.setQueryData(meQuery.queryKey, null);
      window.location.assign("/");
    },
  });
  const name = me?.display_name || me?.name || "";
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-sm" px={6} aria-label={name}>
          <IconUser size={16} aria-hidden />
          <Text span inherit ml={6} visibleFrom="xs" maw={180} truncate>
            {name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
