import { SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { IconBan, IconClockX, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, got } from "@/api/client";
import type { ApiToken } from "@/api/schema";
import { usePeopleNames } from "@/features/session/people";
import { useMayEverywhere } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { EmptyState } from "@/ui/EmptyState";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { Sign } from "@/ui/Sign";
import { useAction } from "@/ui/useAction";
import { useNow } from "@/ui/useNow";
import { isExpired } from "./expiry";
import { describePlaces } from "./permissions";
import { tokensQuery } from "./queries";
import { TokenForm } from "./TokenForm";
import { usePermissions } from "./usePermissions";

const route = getRouteApi("/administration/tokens");

/** API tokens: one's own, or everybody's. */
export function TokensPage() {
  const mayReadAll = useMayEverywhere()("identity.read");
  const isAll = route.useSearch().everybody === true && mayReadAll;
  const navigate = route.useNavigate();
  const tokens = useInfiniteQuery(tokensQuery(isAll));
  return (
    <Page
      title="API tokens"
      summary="A program shows a token and acts for its owner, within the token's scope. What the owner may no longer do, the token may no longer do."
      actions={
        <DialogButton
          label="New token"
          title="New API token"
          dialogSize="lg"
          leftSection={<IconPlus size={16} aria-hidden />}
        >
          {(close) => <TokenForm onClose={close} />}
        </DialogButton>
      }
    >
      {mayReadAll && (
        <SegmentedControl
          aria-label="Whose tokens"
          data={[
            { value: "own", label: "Your own" },
            { value: "all", label: "Everybody's" },
          ]}
          value={isAll ? "all" : "own"}
          onChange={(value) => void navigate({ search: { everybody: value === "all" ? true : undefined } })}
          style={{ alignSelf: "flex-start" }}
        />
      )}
      <PagedView query={tokens}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title="There is no token yet">
              Make one for each program, with no more than it needs, and send it as <code>Authorization: Bearer …</code>
            </EmptyState>
          ) : (
            <TokenTable tokens={found} isAll={isAll} />
          )
        }
      </PagedView>
    </Page>
  );
}

function TokenTable({ tokens, isAll }: { tokens: ApiToken[]; isAll: boolean }) {
  return (
    <DataTable
      caption="API tokens"
      headings={["Token", ...(isAll ? ["Owner"] : []), "Scope", "Last used", "Until", ".Actions"]}
      minWidth={700}
    >
      {tokens.map((token) => (
        <TokenRow key={token.token_id} token={token} isAll={isAll} />
      ))}
    </DataTable>
  );
}

function TokenRow({ token, isAll }: { token: ApiToken; isAll: boolean }) {
  const describe = usePeopleNames();
  const { sort } = usePermissions();
  const mayRevokeAny = useMayEverywhere()("identity.write");
  const now = useNow();
  const { token_id, name, scope, owner_id, last_used_at, last_used_from, expires_at, revoked_at, created_at } = token;
  const isDead = Boolean(revoked_at) || isExpired(expires_at, now);
  const revoke = useAction({
    run: () => got(api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id } } })),
    success: () => `The token ${name} is revoked.`,
    refresh: [["identity", "tokens"]],
  });
  return (
    <Table.Tr c={isDead ? "dimmed" : undefined} style={{ verticalAlign: "top" }}>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        {name}
        <Text size="xs" c="dimmed">
          <span style={{ fontFamily: "var(--mantine-font-family-monospace)" }}>kpl_{token_id}_…</span>, made{" "}
          <Moment at={created_at} />
        </Text>
      </Table.Td>
      {isAll && <Table.Td>{describe(owner_id)}</Table.Td>}
      <Table.Td maw={280}>
        <Text size="xs" ff="monospace">
          {sort(scope.permissions).join(", ")}
        </Text>
        <Text size="xs" c="dimmed">
          {describePlaces(scope.namespaces)}
        </Text>
      </Table.Td>
      <Table.Td>
        {last_used_at ? (
          <Stack gap={0}>
            <Moment at={last_used_at} />
            <Text size="xs" c="dimmed">
              {last_used_from && `from ${last_used_from}`}
            </Text>
          </Stack>
        ) : (
          "never"
        )}
      </Table.Td>
      <Table.Td>
        <TokenEnd token={token} />
      </Table.Td>
      <Table.Td ta="right">
        {!isDead && (!isAll || mayRevokeAny || describe(owner_id).endsWith(", you")) && (
          <ConfirmButton
            label="Revoke"
            name={`Revoke ${name}`}
            title={`Revoke the token ${name}?`}
            submit="Revoke"
            consequence="Whatever still uses it is refused at once, for good. Runs that it started go on."
            action={revoke}
          />
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function TokenEnd({ token: { revoked_at, expires_at } }: { token: ApiToken }) {
  const now = useNow();
  if (revoked_at) {
    return (
      <>
        <Moment at={revoked_at} />
        <br />
        <Sign label="revoked" icon={IconBan} />
      </>
    );
  }
  return (
    <>
      <Moment at={expires_at} />
      {isExpired(expires_at, now) && (
        <>
          <br />
          <Sign label="expired" icon={IconClockX} />
        </>
      )}
    </>
  );
}
