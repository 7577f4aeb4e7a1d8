import { Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Section } from "@/ui/Section";
import { useAdministration } from "./useAdministration";

/** What there is to administer, for who is signed in. */
export function AdministrationHome() {
  const groups = useAdministration();
  return (
    <Page
      title="Administration"
      summary="Who may do what, what is kept secret, what was done, and how Kapell is set up."
    >
      {groups.map(({ title, pages }) => (
        <Section key={title} title={title}>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
            {pages.map(({ to, label, icon: Icon, summary }) => (
              <Group key={to} gap="sm" wrap="nowrap" align="flex-start">
                <Icon size={22} aria-hidden style={{ flex: "none", marginTop: 2 }} />
                <Stack gap={0}>
                  <TextLink to={to} fw={600}>
                    {label}
                  </TextLink>
                  <Text size="sm" c="dimmed">
                    {summary}
                  </Text>
                </Stack>
              </Group>
            ))}
          </SimpleGrid>
        </Section>
      ))}
    </Page>
  );
}
