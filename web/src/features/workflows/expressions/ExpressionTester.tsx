import { SegmentedControl, SimpleGrid, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Evaluation } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { readJson } from "@/lib/json";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Outcome } from "./Outcome";
import { evaluationQuery } from "./queries";
import { type ChosenData, RunChoice } from "./RunChoice";

const PAUSE = 350;
const MONOSPACE = { input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } };

interface ExpressionTesterProps {
  namespace: string;
  name: string;
}

/** Evaluates an expression as it is written, by the server's own code, on data given here or on that of a past run. */
export function ExpressionTester({ namespace, name }: ExpressionTesterProps) {
  const may = useMay();
  const [expression, setExpression] = useState("");
  const [source, setSource] = useState("json");
  const [data, setData] = useState('{\n  "name": "Ada"\n}');
  const [variables, setVariables] = useState("");
  const [chosen, setChosen] = useState<ChosenData>({ runId: null, reference: "" });
  const given = readJson(data);
  const named = readJson(variables);
  const [asked] = useDebouncedValue(
    JSON.stringify(makeQuestion(expression, source === "run" ? chosen : null, given, named)),
    PAUSE,
  );
  const question = JSON.parse(asked) as Evaluation | null;
  const evaluation = useQuery(evaluationQuery(question));
  return (
    <Stack gap="sm">
      <Textarea
        label="Expression"
        description="jq, bare or in ${ }; it is evaluated as you type"
        placeholder=".name | ascii_upcase"
        value={expression}
        onChange={(event) => setExpression(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        styles={MONOSPACE}
      />
      {may("run.data", namespace) && (
        <SegmentedControl
          aria-label="Where the data comes from"
          value={source}
          onChange={setSource}
          data={[
            { value: "json", label: "Data given here" },
            { value: "run", label: "Data of a run" },
          ]}
          style={{ alignSelf: "flex-start" }}
        />
      )}
      {source === "run" ? (
        <RunChoice namespace={namespace} name={name} chosen={chosen} onChoose={setChosen} />
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Textarea
            label="Data"
            description="What . is, as JSON"
            value={data}
            onChange={(event) => setData(event.currentTarget.value)}
            error={"error" in given && given.error}
            autosize
            minRows={4}
            maxRows={16}
            spellCheck={false}
            styles={MONOSPACE}
          />
          <Textarea
            label="Variables"
            description="By name without $, as JSON"
            placeholder={'{"context": {"order": 7}}'}
            value={variables}
            onChange={(event) => setVariables(event.currentTarget.value)}
            error={("error" in named && named.error) || (isNoObject(named) && "It must be an object.")}
            autosize
            minRows={4}
            maxRows={16}
            spellCheck={false}
            styles={MONOSPACE}
          />
        </SimpleGrid>
      )}
      <div aria-live="polite">
        {evaluation.error && <ErrorNotice error={evaluation.error} />}
        {question === null && (
          <Text size="sm" c="dimmed">
            {expression.trim() === "" ? "Write an expression." : "Give the data, or choose a run."}
          </Text>
        )}
        {question !== null && evaluation.data && !evaluation.error && (
          <Outcome expression={question.expression} evaluated={evaluation.data} />
        )}
      </div>
    </Stack>
  );
}

type Read = ReturnType<typeof readJson>;

function isNoObject(read: Read): boolean {
  if (!("value" in read) || read.value === undefined) return false;
  return typeof read.value !== "object" || read.value === null || Array.isArray(read.value);
}

/** Returns what is asked of the server; `null` while something is missing. */
function makeQuestion(expression: string, chosen: ChosenData | null, data: Read, variables: Read): Evaluation | null {
  if (expression.trim() === "") return null;
  if (chosen) return chosen.runId === null ? null : { expression, run_id: chosen.runId, reference: chosen.reference };
  if (!("value" in data) || !("value" in variables) || isNoObject(variables)) return null;
  return { expression, data: data.value, variables: variables.value as Evaluation["variables"] };
}
