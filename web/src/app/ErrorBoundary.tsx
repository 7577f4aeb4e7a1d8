import { Button, Container, Group, Stack, Text, Title } from "@mantine/core";
import { Component, type ReactNode, useEffect, useState } from "react";
import { findLastFailed } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { describeBreak } from "./breakReport";
import { CopyReport } from "./CopyReport";

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
  // As it was when the page broke: what fails later is another matter.
  const [report] = useState(() =>
    describeBreak({ error, at: new Date(), address: window.location.href, failed: findLastFailed() }),
  );
  useEffect(() => {
    document.title = "This page cannot be shown · Kapell";
  }, []);
  return (
    <Stack maw={720}>
      <Title order={1} size="h3">
        This page cannot be shown
      </Title>
      <ErrorNotice error={error} />
      <Text size="sm">Runs are not touched by this: they go on in the server.</Text>
      <CopyReport report={report} />
      <Group>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
        <Button variant="default" component="a" href="/">
          Home
        </Button>
      </Group>
    </Stack>
  );
}
