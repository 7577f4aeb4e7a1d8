import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { SendForm } from "./SendForm";
import { beginEvent, type EventDraft } from "./sending";

/** The button that opens the form for an event. What was written is there again when it is opened once more. */
export function SendButton({ namespace }: { namespace: string }) {
  const [isOpen, { open, close }] = useDisclosure();
  const [draft, setDraft] = useState<EventDraft | null>(null);
  return (
    <>
      <Button leftSection={<IconSend size={16} aria-hidden />} onClick={open} aria-haspopup="dialog">
        Send an event
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title="Send an event"
        size="lg"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {isOpen && (
          <SendForm
            draft={draft ?? beginEvent(namespace)}
            onChange={setDraft}
            onSent={() => {
              setDraft(null);
              close();
            }}
            onClose={close}
          />
        )}
      </Modal>
    </>
  );
}
