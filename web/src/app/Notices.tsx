import {
  ActionIcon,
  Button,
  Group,
  Indicator,
  Popover,
  ScrollArea,
  Stack,
  Switch,
  Text,
  Title,
  VisuallyHidden,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell, IconEye } from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { useMay } from "@/features/session/permissions";
import { describeNotice, type Notice, noticeBoard } from "@/lib/notices";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { StatusBadge } from "@/ui/StatusBadge";
import { canTellOutside, setTellsOutside, tellsOutside } from "./notifying";

/** What has come to need somebody, and what has become of runs that are watched, while the tab is open. */
export function Notices() {
  const may = useMay();
  const notices = useSyncExternalStore(noticeBoard.subscribe, () => noticeBoard.notices);
  const [isOpen, { toggle, close }] = useDisclosure(false, { onClose: () => noticeBoard.markSeen() });
  if (!may("run.read")) return null; // nothing is followed
  const fresh = notices.filter((each) => each.isNew);
  const newest = fresh[0];
  return (
    <>
      <VisuallyHidden role="status">{newest ? describeNotice(newest) : ""}</VisuallyHidden>
      <Indicator label={fresh.length} disabled={fresh.length === 0} size={16} color="red.8" offset={5}>
        <Popover
          opened={isOpen}
          onChange={(opened) => !opened && close()}
          position="bottom-end"
          width={340}
          offset={14}
          shadow="md"
          trapFocus
          returnFocus
          withinPortal
        >
          <Popover.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={fresh.length === 0 ? "Notices" : `Notices: ${fresh.length} new`}
              onClick={toggle}
            >
              <IconBell size={18} aria-hidden />
            </ActionIcon>
          </Popover.Target>
          <Popover.Dropdown aria-label="Notices">
            <NoticeList notices={notices} onGo={close} />
          </Popover.Dropdown>
        </Popover>
      </Indicator>
    </>
  );
}

function NoticeList({ notices, onGo }: { notices: readonly Notice[]; onGo: () => void }) {
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        Notices
      </Title>
      {notices.length === 0 ? (
        <Text size="sm">
          Nothing has come to need you since this tab was opened. Runs that fault or are suspended are told here, and
          the ends of runs that you watch: a run's page has the button <b>Tell me</b>.
        </Text>
      ) : (
        <ScrollArea.Autosize mah="50vh" type="auto">
          <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
            {notices.map((notice) => (
              <Row key={notice.runId} notice={notice} onGo={onGo} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      )}
      <OutsideSwitch />
      <Group justify="space-between" gap="xs">
        <TextLink to="/runs" search={{ status: ["faulted", "suspended", "damaged"] }} size="sm" onClick={onGo}>
          All runs that need somebody
        </TextLink>
        {notices.length > 0 && (
          <Button size="compact-sm" variant="default" onClick={() => noticeBoard.clear()}>
            Clear
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Row({ notice, onGo }: { notice: Notice; onGo: () => void }) {
  return (
    <Stack component="li" gap={2}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <TextLink
          to="/runs/$runId"
          params={{ runId: notice.runId }}
          size="sm"
          fw={notice.isNew ? 700 : undefined}
          style={{ overflowWrap: "anywhere" }}
          onClick={onGo}
        >
          {notice.subject}
          {notice.isNew && <VisuallyHidden>, new</VisuallyHidden>}
        </TextLink>
        <StatusBadge status={notice.status} />
      </Group>
      <Text size="xs" c="dimmed" component="div">
        <Group gap={6} component="span">
          <span>{notice.runId}</span>
          <Moment at={notice.at.toISOString()} />
          {notice.isWatched && (
            <Group gap={2} component="span">
              <IconEye size={12} aria-hidden />
              watched
            </Group>
          )}
        </Group>
      </Text>
    </Stack>
  );
}

function OutsideSwitch() {
  const [isOn, setOn] = useState(tellsOutside);
  const [wasRefused, setRefused] = useState(false);
  if (!canTellOutside()) return null;
  const change = async (wanted: boolean) => {
    const isSet = await setTellsOutside(wanted);
    setOn(isSet);
    setRefused(wanted && !isSet);
  };
  return (
    <Switch
      size="xs"
      label="Tell me outside of this tab, too"
      description="While it is in the background"
      error={wasRefused && "The browser does not allow it: see what it says of this site"}
      checked={isOn}
      onChange={(event) => void change(event.currentTarget.checked)}
    />
  );
}
