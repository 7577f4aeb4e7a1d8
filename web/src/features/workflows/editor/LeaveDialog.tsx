import { Button, Group, Modal, Stack, Text } from "@mantine/core";

/** Asks before text is left that could not be saved. */
export function LeaveDialog({ leaving }: { leaving: { proceed: () => void; stay: () => void } | null }) {
  return (
    <Modal
      opened={leaving !== null}
      onClose={() => leaving?.stay()}
      title="Leave without saving?"
      withCloseButton={false}
    >
      <Stack gap="sm">
        <Text size="sm">What is written here could not be saved. If you leave now, it is lost.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => leaving?.stay()} data-autofocus>
            Stay here
          </Button>
          <Button color="red.9" onClick={() => leaving?.proceed()}>
            Leave, and lose it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
