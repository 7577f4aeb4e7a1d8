import { Table } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Session } from "@/api/schema";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { Moment } from "@/ui/Moment";
import { describeBrowser } from "./browsers";

interface SessionTableProps {
  caption: string;
  canEnd?: boolean;
  children: ReactNode;
}

/** Where somebody is signed in. */
export function SessionTable({ caption, canEnd = true, children }: SessionTableProps) {
  return (
    <DataTable
      caption={caption}
      headings={["Browser", "By", "From", "Began", "Last used", "Ends", ...(canEnd ? [".Actions"] : [])]}
      minWidth={640}
    >
      {children}
    </DataTable>
  );
}

interface SessionRowProps {
  session: Session;
  /** What more is said of the browser. */
  sign?: ReactNode;
  /** What will happen when it is ended. */
  consequence: string;
  /** Ends it; left out for who may not. */
  end?: UseMutationResult<unknown, Error, void>;
}

export function SessionRow({ session, sign, consequence, end }: SessionRowProps) {
  const browser = describeBrowser(session.user_agent);
  return (
    <Table.Tr>
      <Table.Td title={session.user_agent} style={{ overflowWrap: "anywhere" }}>
        {browser} {sign}
      </Table.Td>
      <Table.Td>{session.method.replace(/^oidc:/, "provider ")}</Table.Td>
      <Table.Td>{session.address}</Table.Td>
      <Table.Td>
        <Moment at={session.created_at} />
      </Table.Td>
      <Table.Td>
        <Moment at={session.last_seen_at} />
      </Table.Td>
      <Table.Td>
        <Moment at={session.expires_at} />
      </Table.Td>
      {end && (
        <Table.Td ta="right">
          <ConfirmButton
            label="End"
            name={`End the session of ${browser} from ${session.address}`}
            title="End this session?"
            submit="End it"
            consequence={consequence}
            action={end}
          />
        </Table.Td>
      )}
    </Table.Tr>
  );
}
