import { Autocomplete, Button, Group, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError, api, got } from "@/api/client";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Section } from "@/ui/Section";
import { findSummary, namespacesQuery } from "../queries";
import { judgeName, TEMPLATES, writeTemplate } from "./templates";

const route = getRouteApi("/workflows/new");

/** Begins a workflow: a template under a name, as a draft. */
export function NewWorkflowPage() {
  const may = useMay();
  return (
    <Page title="New workflow" summary="It begins as a draft; nothing can be run before it is published">
      {may("workflow.write") ? (
        <NewWorkflowForm />
      ) : (
        <EmptyState title="You may not write workflows">
          This needs the permission <code>workflow.write</code>, which the role author has.
        </EmptyState>
      )}
    </Page>
  );
}

function NewWorkflowForm() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const namespaces = useQuery(namespacesQuery);
  const [key, setKey] = useState(search.template ?? TEMPLATES[0]?.key ?? "");
  const [namespace, setNamespace] = useState(search.namespace ?? "");
  const [name, setName] = useState("");
  const [isTaken, setIsTaken] = useState(false);
  const begin = useMutation({
    mutationFn: async () => {
      const template = TEMPLATES.find((each) => each.key === key) ?? TEMPLATES[0];
      if (!template) return "taken" as const;
      if (await findSummary(namespace, name)) return "taken" as const;
      const source = writeTemplate(template, namespace, name);
      try {
        await got(
          api.PUT("/api/v1/workflows/{namespace}/{name}/draft", {
            params: { path: { namespace, name } },
            body: { source },
          }),
        );
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) return "taken" as const;
        throw error;
      }
      return "begun" as const;
    },
    onSuccess: (outcome) => {
      setIsTaken(outcome === "taken");
      if (outcome === "taken") return;
      void queryClient.invalidateQueries({ queryKey: ["workflows"] });
      void navigate({ to: "/workflows/$namespace/$name", params: { namespace, name }, search: { tab: "edit" } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!begin.isPending) begin.mutate();
  };
  const isNamed = namespace !== "" && name !== "" && !judgeName(namespace) && !judgeName(name);
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Section title="What it is called">
          <Group align="flex-start">
            <Autocomplete
              label="Namespace"
              description="Permissions are given by namespace"
              data={namespaces.data ?? []}
              value={namespace}
              onChange={(value) => {
                setNamespace(value.trim());
                setIsTaken(false);
              }}
              error={judgeName(namespace)}
              required
              w={{ base: "100%", xs: 300 }}
            />
            <TextInput
              label="Name"
              description="It stays; the title can be changed later"
              value={name}
              onChange={(event) => {
                setName(event.currentTarget.value.trim());
                setIsTaken(false);
              }}
              error={judgeName(name) || (isTaken && "There is a workflow of this name already.")}
              required
              w={{ base: "100%", xs: 300 }}
            />
          </Group>
          {isTaken && (
            <Text size="sm">
              <TextLink to="/workflows/$namespace/$name" params={{ namespace, name }} search={{ tab: "edit" }}>
                Open {namespace}/{name}
              </TextLink>
            </Text>
          )}
        </Section>
        <Section title="What it begins with">
          <Radio.Group aria-label="Template" value={key} onChange={setKey}>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {TEMPLATES.map((template) => (
                <Radio.Card
                  key={template.key}
                  value={template.key}
                  p="md"
                  radius="md"
                  aria-label={template.title}
                  h="100%"
                >
                  <Group wrap="nowrap" align="flex-start">
                    <Radio.Indicator />
                    <Stack gap={2}>
                      <Text fw={600}>{template.title}</Text>
                      <Text size="sm" c="dimmed">
                        {template.summary}
                      </Text>
                    </Stack>
                  </Group>
                </Radio.Card>
              ))}
            </SimpleGrid>
          </Radio.Group>
        </Section>
        {begin.error && <ErrorNotice error={begin.error} />}
        <Button type="submit" loading={begin.isPending} disabled={!isNamed} style={{ alignSelf: "flex-start" }}>
          Begin the draft
        </Button>
      </Stack>
    </form>
  );
}
