import { Alert, Button, Center, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError, api, got } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { meQuery, providersQuery } from "./queries";

/** Where somebody says who they are. What was open stays open, and is shown after the sign-in. */
export function SignIn({ hasEnded }: { hasEnded: boolean }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const queryClient = useQueryClient();
  const providers = useQuery(providersQuery);
  useEffect(() => {
    document.title = "Sign in · Kapell";
  }, []);
  const signIn = useMutation({
    mutationFn: () => got(api.POST("/api/v1/sign-in", { body: { name, password } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
    onError: () => setPassword(""),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const wasWrong = signIn.error instanceof ApiError && signIn.error.status === 401;
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder radius="md" p="xl" w="100%" maw={400}>
        <Stack>
          <Title order={1} size="h3">
            Sign in to Kapell
          </Title>
          {hasEnded && <Alert color="yellow">Your session has ended. Sign in to go on where you were.</Alert>}
          <form onSubmit={submit}>
            <Stack gap="sm">
              <TextInput
                label="Name"
                name="name"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                autoComplete="username"
                autoFocus
                required
              />
              <PasswordInput
                label="Password"
                name="password"
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                autoComplete="current-password"
                visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
                required
              />
              {wasWrong && (
                <Alert color="red" role="alert">
                  This name and password do not belong together.
                </Alert>
              )}
              {signIn.error && !wasWrong && <ErrorNotice error={signIn.error} />}
              <Button type="submit" loading={signIn.isPending}>
                Sign in
              </Button>
            </Stack>
          </form>
          {providers.data !== undefined && providers.data.length > 0 && (
            <>
              <Divider label="or" />
              {providers.data.map((provider) => (
                <Button key={provider.key} component="a" href={provider.href} variant="default">
                  {provider.title}
                </Button>
              ))}
            </>
          )}
          <Text size="xs" c="dimmed">
            At its first start the server has told the administrator's password where it was started. Lost it? Run{" "}
            <code>kapell reset-password admin</code> there.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
