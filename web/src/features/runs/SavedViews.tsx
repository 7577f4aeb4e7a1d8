import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconChevronDown, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changePreferences, preferencesQuery } from "@/features/session/preferences";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ButtonLink } from "@/ui/links";
import { QueryView } from "@/ui/QueryView";
import { useAction } from "@/ui/useAction";
import type { RunsSearch } from "./address";
import { describeFilters } from "./sentence";
import { findView, MOST_VIEWS, putView, readViews, removeView, type SavedView } from "./views";

/** The views that a person has saved: to go to, to take away, and to save what is shown as another. */
export function SavedViews({ search }: { search: RunsSearch }) {
  const [isOpen, setIsOpen] = useState(false);
  const preferences = useQuery(preferencesQuery);
  const views = readViews(preferences.data?.value);
  const here = findView(views, search);
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" trapFocus shadow="md" width={340}>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconBookmark size={14} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          onClick={() => setIsOpen(!isOpen)}
        >
          {here ? `View: ${here.name}` : "Views"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Views">
        {isOpen && (
          <Stack gap="sm">
            <QueryView query={preferences}>
              {() => <ViewList views={views} here={here} onGone={() => setIsOpen(false)} />}
            </QueryView>
            <SaveForm views={views} search={search} />
          </Stack>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface ViewListProps {
  views: SavedView[];
  here: SavedView | undefined;
  onGone: () => void;
}

function ViewList({ views, here, onGone }: ViewListProps) {
  const queryClient = useQueryClient();
  const remove = useAction({
    run: (name: string) => changePreferences(queryClient, (before) => removeView(before, name)),
    success: (_, name) => `The view "${name}" was removed.`,
  });
  if (views.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        A view is a name for filters that you need often. Set the filters, and save them here.
      </Text>
    );
  }
  return (
    <Stack gap={4} mah={320} style={{ overflowY: "auto" }}>
      {views.map((view) => (
        <Group key={view.name} gap={4} wrap="nowrap">
          <ButtonLink
            to="/runs"
            search={view.search}
            size="compact-sm"
            variant={view === here ? "light" : "subtle"}
            flex={1}
            justify="flex-start"
            title={describeFilters(view.search)}
            onClick={onGone}
          >
            {view.name}
          </ButtonLink>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove the view ${view.name}`}
            disabled={remove.isPending}
            onClick={() => remove.mutate(view.name)}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {remove.error && <ErrorNotice error={remove.error} />}
    </Stack>
  );
}

function SaveForm({ views, search }: { views: SavedView[]; search: RunsSearch }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const save = useAction({
    run: (view: SavedView) => changePreferences(queryClient, (before) => putView(before, view)),
    success: (_, view) => `The view "${view.name}" was saved.`,
    onDone: () => setName(""),
  });
  const wanted = name.trim();
  const isKnown = views.some((view) => view.name === wanted);
  const isFull = !isKnown && views.length >= MOST_VIEWS;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted !== "" && !isFull) save.mutate({ name: wanted, search });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            size="xs"
            flex={1}
            label="Save what is shown as"
            value={name}
            maxLength={80}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
          />
          <Button size="xs" type="submit" loading={save.isPending} disabled={wanted === "" || isFull}>
            {isKnown ? "Replace" : "Save"}
          </Button>
        </Group>
        {isFull && <Text size="xs">There are {MOST_VIEWS} views, the most that can be. Remove one first.</Text>}
        {save.error && <ErrorNotice error={save.error} />}
      </Stack>
    </form>
  );
}
