import { SimpleGrid, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconMinus, IconX, type TablerIcon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { DiagnosticFinding } from "@/api/schema";
import { useMay, useMayEverywhere } from "@/features/session/permissions";
import { TextLink } from "@/ui/links";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { Sign } from "@/ui/Sign";
import { engineQuery, readyQuery } from "./queries";
import { sumUpEngine } from "./sentences";

/** How the engine is, in one sentence; for who sees no runs, whether the server is up. */
export function EngineSentence() {
  const ready = useQuery(readyQuery);
  const engine = useQuery({ ...engineQuery, enabled: useMay()("run.read") });
  if (ready.error) return <span role="status">The server cannot be reached.</span>;
  if (!ready.data) return <span role="status">Asking how the server is …</span>;
  const { status, version, trouble } = ready.data;
  const up = engine.data ? sumUpEngine(engine.data.findings) : "The server is up.";
  const text = trouble ?? (status === "ok" ? up : `The server is ${status}.`);
  return (
    <span role="status">
      {text} Kapell {version}
    </span>
  );
}

/** Tells whether something about the engine needs a look. */
export function useEngineTrouble(): boolean {
  const { data } = useQuery(engineQuery);
  return data?.findings.some(({ status }) => status === "problem" || status === "warning") ?? false;
}

const SIGNS: Record<DiagnosticFinding["status"], { label: string; color: string; icon: TablerIcon }> = {
  ok: { label: "well", color: "teal", icon: IconCheck },
  warning: { label: "warning", color: "yellow", icon: IconAlertTriangle },
  problem: { label: "problem", color: "red", icon: IconX },
  skipped: { label: "not known", color: "gray", icon: IconMinus },
};

const NAMES: Record<string, string> = {
  engine: "Engine",
  work: "Work",
  "event loop": "Promptness",
  search: "Search",
  disk: "Disk",
  encryption: "Encryption",
  "audit log": "Audit log",
};

const GRAVITY: DiagnosticFinding["status"][] = ["problem", "warning", "ok", "skipped"];

/** How the engine is, point by point: what is not well first, with what to do about it. */
export function EngineHealth() {
  const engine = useQuery(engineQuery);
  const mayEverywhere = useMayEverywhere();
  return (
    <Section
      title="Health of the engine"
      actions={
        mayEverywhere("settings.read") && (
          <TextLink to="/administration/diagnostics" size="sm">
            Diagnostics
          </TextLink>
        )
      }
    >
      <QueryView query={engine}>
        {({ findings }) => (
          <SimpleGrid component="ul" cols={{ base: 1, sm: 2, lg: 3 }} m={0} p={0} style={{ listStyle: "none" }}>
            {[...findings]
              .sort((one, other) => GRAVITY.indexOf(one.status) - GRAVITY.indexOf(other.status))
              .map((finding) => (
                <Point key={finding.check} finding={finding} />
              ))}
          </SimpleGrid>
        )}
      </QueryView>
    </Section>
  );
}

function Point({ finding: { check, status, text, advice } }: { finding: DiagnosticFinding }) {
  return (
    <Stack component="li" gap={2} align="flex-start">
      <Text size="sm" fw={600} component="div">
        {NAMES[check] ?? check} <Sign {...SIGNS[status]} />
      </Text>
      <Text size="xs" c="dimmed">
        <Prose text={text} />
      </Text>
      {advice && (
        <Text size="xs">
          <Prose text={advice} />
        </Text>
      )}
    </Stack>
  );
}
