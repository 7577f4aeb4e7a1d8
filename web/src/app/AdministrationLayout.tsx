import { Box, Button, Flex, Menu, Stack, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { NavigationLink } from "@/ui/links";
import type { AdministrationPage } from "./administration";
import { useAdministration } from "./useAdministration";

/** What stands around the pages of the administration: a list of them, a menu where there is no room for it. */
export function AdministrationLayout() {
  const groups = useAdministration();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const isHere = (page: AdministrationPage) => path === page.to || path.startsWith(`${page.to}/`);
  const here = groups.flatMap((group) => group.pages).find(isHere);
  return (
    <Flex gap="lg" align="flex-start" direction={{ base: "column", md: "row" }}>
      <Box
        component="nav"
        aria-label="Administration"
        w={180}
        visibleFrom="md"
        className="no-print"
        style={{ flex: "none" }}
      >
        <Stack gap={2}>
          {groups.map(({ title, pages }) => (
            <Box key={title} mb="xs">
              <Text size="xs" c="dimmed" fw={600} px="sm">
                {title}
              </Text>
              {pages.map((page) => (
                <NavigationLink
                  key={page.to}
                  to={page.to}
                  label={page.label}
                  leftSection={<page.icon size={16} aria-hidden />}
                  active={isHere(page)}
                  aria-current={isHere(page) ? "page" : undefined}
                  variant="light"
                  py={4}
                />
              ))}
            </Box>
          ))}
        </Stack>
      </Box>
      <Box hiddenFrom="md" className="no-print">
        <PartsMenu label={here?.label ?? "Administration"} />
      </Box>
      <Box style={{ flex: 1, minWidth: 0 }} w="100%">
        <Outlet />
      </Box>
    </Flex>
  );
}

function PartsMenu({ label }: { label: string }) {
  const groups = useAdministration();
  const navigate = useNavigate();
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`Pages of the administration; here: ${label}`}
        >
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah="70vh" style={{ overflowY: "auto" }}>
        {groups.map(({ title, pages }) => (
          <Box key={title}>
            <Menu.Label>{title}</Menu.Label>
            {pages.map(({ to, label: text, icon: Icon }) => (
              <Menu.Item key={to} leftSection={<Icon size={16} aria-hidden />} onClick={() => void navigate({ to })}>
                {text}
              </Menu.Item>
            ))}
          </Box>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
