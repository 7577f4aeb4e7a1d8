import { Button, Container, Group, Stack, Text, Title } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";

/** Shows what is wrong with the page where it would otherwise be blank. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Container size="sm" py="xl" component="main">
        <BrokenPage error={this.state.error} />
      </Container>
    );
  }
}

/** A page that cannot be shown, and what can be done. */
export function BrokenPage({ error }: { error: unknown }) {
  return (
    <Stack maw={720}>
      <Title order={1} size="h3">
        This page cannot be shown
      </Title>
      <ErrorNotice error={error} />
      <Text size="sm">Runs are not touched by this: they go on in the server.</Text>
      <Group>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
        <Button variant="default" component="a" href="/">
          Home
        </Button>
      </Group>
    </Stack>
  );
}
