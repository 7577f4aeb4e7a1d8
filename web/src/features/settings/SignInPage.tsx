import { Code, List, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { SettingLine } from "@/api/schema";
import { useMayEverywhere } from "@/features/session/permissions";
import { providersQuery } from "@/features/session/queries";
import { DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { settingsQuery } from "./queries";
import { describeSource, describeValue } from "./values";

/** How people can sign in: by passwords and by which providers, as the server was started with. */
export function SignInPage() {
  const providers = useQuery(providersQuery);
  const maySeeSettings = useMayEverywhere()("settings.read");
  return (
    <Page
      title="Sign-in"
      summary="People sign in by a local password, or by a provider of OpenID Connect. Providers are set where the server is started."
    >
      <Section title="Providers">
        <QueryView query={providers}>
          {(found) =>
            found.length === 0 ? (
              <HowTo />
            ) : (
              <DataTable caption="Sign-in providers" headings={["Key", "Button", "Redirect URI to register there"]}>
                {found.map(({ key, title }) => (
                  <Table.Tr key={key}>
                    <Table.Td>{key}</Table.Td>
                    <Table.Td>{title}</Table.Td>
                    <Table.Td style={{ overflowWrap: "anywhere" }}>
                      <Code>{`${window.location.origin}/api/v1/sign-in/oidc/${key}/callback`}</Code>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </DataTable>
            )
          }
        </QueryView>
      </Section>
      {maySeeSettings && <Setup />}
    </Page>
  );
}

function HowTo() {
  return (
    <EmptyState title="No provider is set up">
      <Stack gap={4} align="center">
        <span>
          People sign in with local passwords. To add a provider, register Kapell there as a web application with
        </span>
        <Code>{`${window.location.origin}/api/v1/sign-in/oidc/corp/callback`}</Code>
        <span>
          as redirect URI, and name its issuer and client under <code>[oidc.corp]</code> in the file of{" "}
          <code>KAPELL_CONFIG</code>.
        </span>
      </Stack>
    </EmptyState>
  );
}

function Setup() {
  const settings = useQuery(settingsQuery);
  return (
    <Section title="As it is set up">
      <QueryView query={settings}>{(lines) => <SetupLines lines={lines.filter(isAboutSignIn)} />}</QueryView>
    </Section>
  );
}

function SetupLines({ lines }: { lines: SettingLine[] }) {
  return (
    <Stack gap="sm">
      <DataTable
        caption="Settings of the sign-in"
        headings={["Setting", "In force", "From"]}
        widths={{ "In force": 220, From: 150 }}
      >
        {lines.map((line) => (
          <Table.Tr key={line.name} style={{ verticalAlign: "top" }}>
            <Table.Td>
              {line.name}
              <Text size="xs" c="dimmed">
                <Prose text={line.description} />
              </Text>
            </Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <SetupValue value={line.value} />
            </Table.Td>
            <Table.Td>{describeSource(line)}</Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
      <TextLink to="/administration/settings" size="sm">
        All settings
      </TextLink>
    </Stack>
  );
}

/** A value; that of providers line by line. */
function SetupValue({ value }: { value: unknown }) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return <Code>{describeValue(value)}</Code>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <Code>none</Code>;
  return (
    <List size="sm" listStyleType="none">
      {entries.map(([key, inner]) => (
        <List.Item key={key}>
          {key}:{" "}
          {inner !== null && typeof inner === "object" && !Array.isArray(inner) ? (
            <SetupValue value={inner} />
          ) : (
            <Code>{describeValue(inner)}</Code>
          )}
        </List.Item>
      ))}
    </List>
  );
}

function isAboutSignIn({ name }: SettingLine): boolean {
  return /^(oidc|public_url|session|trusted_prox|password)/.test(name);
}
