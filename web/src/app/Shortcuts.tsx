import { Kbd, Modal, Table } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { useMay } from "@/features/session/permissions";
import { DESTINATIONS } from "./navigation";

const SEQUENCE_MILLIS = 1500;

/** The keyboard's shortcuts that hold everywhere, and the sheet that lists them (`?`). */
export function Shortcuts() {
  const [isOpen, { toggle, close }] = useDisclosure();
  const navigate = useNavigate();
  const may = useMay();
  const beganAt = useRef(0);
  const places = DESTINATIONS.filter((each) => !each.permission || may(each.permission));
  useHotkeys([
    ["shift + ?", toggle],
    ["g", () => (beganAt.current = Date.now())],
    ...places.map(({ key, to }): [string, () => void] => [
      key,
      () => {
        if (Date.now() - beganAt.current < SEQUENCE_MILLIS) void navigate({ to });
        beganAt.current = 0;
      },
    ]),
  ]);
  return (
    <Modal opened={isOpen} onClose={close} title="Keyboard" closeButtonProps={{ "aria-label": "Close" }}>
      <Table>
        <Table.Tbody>
          <Row keys={["Ctrl", "K"]} text="Find or do something" />
          <Row keys={["?"]} text="This sheet" />
          {places.map(({ key, label }) => (
            <Row key={key} keys={["g", key]} text={`Go to: ${label}`} />
          ))}
          <Row keys={["Esc"]} text="Close what is open" />
          <Row keys={["Esc", "Tab"]} text="Leave a text editor, where Tab alone indents" />
        </Table.Tbody>
      </Table>
    </Modal>
  );
}

function Row({ keys, text }: { keys: string[]; text: string }) {
  return (
    <Table.Tr>
      <Table.Td>
        {keys.map((key) => (
          <Kbd key={key} mr={4}>
            {key}
          </Kbd>
        ))}
      </Table.Td>
      <Table.Td>{text}</Table.Td>
    </Table.Tr>
  );
}
