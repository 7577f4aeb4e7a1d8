import { Accordion, Loader, SegmentedControl, Stack } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Section } from "@/ui/Section";
import type { TextHandle } from "./CodeEditor";
import { ProblemList } from "./ProblemList";
import type { Mark } from "./problems";
import { findTaskAt, readLatest } from "./readText";
import { type Check, useCheck } from "./useCheck";
import classes from "./Workbench.module.css";

const CodeEditor = lazy(async () => ({ default: (await import("./CodeEditor")).CodeEditor }));
const Diagram = lazy(async () => ({ default: (await import("./Diagram")).Diagram }));
const ExpressionTester = lazy(async () => ({
  default: (await import("../expressions/ExpressionTester")).ExpressionTester,
}));

const LARGE = 30_000;
const LARGE_PAUSE = 300;
const NO_MARKS: Mark[] = [];
const route = getRouteApi("/workflows/$namespace/$name");

interface WorkbenchProps {
  namespace: string;
  name: string;
  text: string;
  /** Left out where the text is only shown. */
  onChange?: (text: string) => void;
  onCheck?: (check: Check | null) => void;
  handle?: { current: TextHandle | null };
}

/** The text, its diagram and its problems: one task is chosen in all of them. */
export function Workbench({ namespace, name, text, onChange, onCheck, handle }: WorkbenchProps) {
  const { task: asked } = route.useSearch();
  const navigate = route.useNavigate();
  const ownHandle = useRef<TextHandle | null>(null);
  const editor = handle ?? ownHandle;
  const [chosen, setChosen] = useState<string | null>(asked ?? null);
  const isWide = useMediaQuery("(min-width: 75em)", true, { getInitialValueInEffect: false });
  const [view, setView] = useState("text");

  // A large text takes a while to be read: it is read when nobody types.
  const [rested] = useDebouncedValue(text, LARGE_PAUSE);
  const settled = useDeferredValue(text.length > LARGE ? rested : text);
  const read = useMemo(() => readLatest(settled), [settled]);
  const lastGood = useRef<unknown>(null);
  if (!read.isBroken) lastGood.current = read.value;

  const references = useMemo(() => read.tasks.map(({ reference }) => reference), [read]);

  const { check, error } = useCheck(text, namespace, name);
  useEffect(() => onCheck?.(check), [check, onCheck]);
  const isCurrent = check?.text === text;
  const shownMarks = useMemo(() => check && { text: check.text, marks: check.marks }, [check]);

  const sayInAddress = useDebouncedCallback(
    (task: string | null) =>
      void navigate({ search: (before) => ({ ...before, task: task ?? undefined }), replace: true }),
    400,
  );
  const cursor = useRef<number | null>(null);
  const choose = (task: string | null) => {
    if (task === chosen) return;
    setChosen(task);
    sayInAddress(task);
  };
  const chooseAt = useEffectEvent((offset: number | null) => {
    if (offset !== null) choose(findTaskAt(read.tasks, offset)?.reference ?? null);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tasks stand elsewhere, or are called otherwise, in another text
  useEffect(() => chooseAt(cursor.current), [read]);
  const place = read.tasks.find((task) => task.reference === chosen) ?? null;
  const chooseInDiagram = (reference: string | null) => {
    choose(reference);
    const found = read.tasks.find((task) => task.reference === reference);
    if (!found) return;
    cursor.current = nameOffset(text, found.from);
    editor.current?.goTo(cursor.current);
  };
  return (
    <Stack gap="sm">
      {!isWide && (
        <SegmentedControl
          aria-label="What is shown"
          value={view}
          onChange={setView}
          data={[
            { value: "text", label: "Text" },
            { value: "diagram", label: "Diagram" },
          ]}
        />
      )}
      <div className={classes.bench} data-wide={isWide || undefined}>
        <div className={classes.text} hidden={!isWide && view !== "text"}>
          <Suspense fallback={<Loader m="md" size="sm" role="status" aria-label="Loading" />}>
            <CodeEditor
              text={text}
              label={`Text of ${namespace}/${name}`}
              isReadOnly={onChange === undefined}
              onChange={(changed) => onChange?.(changed)}
              onCursor={(offset) => {
                cursor.current = offset;
                chooseAt(offset);
              }}
              marks={shownMarks}
              task={place}
              handle={editor}
            />
          </Suspense>
        </div>
        {(isWide || view === "diagram") && (
          <div className={classes.diagram}>
            <Suspense fallback={<Loader m="md" size="sm" role="status" aria-label="Loading" />}>
              <Diagram
                document={lastGood.current}
                trouble={read.trouble}
                marks={check?.marks ?? NO_MARKS}
                references={references}
                chosen={chosen}
                onChoose={chooseInDiagram}
              />
            </Suspense>
          </div>
        )}
      </div>
      <Section title="Problems">
        {error ? <ErrorNotice error={error} /> : null}
        <ProblemList
          marks={check?.marks ?? null}
          onGo={(mark) => editor.current?.goTo(mark.from, { focus: true })}
          onFix={onChange && isCurrent ? (fix) => editor.current?.replace(fix.from, fix.to, fix.insert) : undefined}
        />
      </Section>
      <Accordion variant="contained">
        <Accordion.Item value="expression">
          <Accordion.Control>Try an expression</Accordion.Control>
          <Accordion.Panel>
            <Suspense fallback={<Loader size="sm" role="status" aria-label="Loading" />}>
              <ExpressionTester namespace={namespace} name={name} />
            </Suspense>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}

/** Skips the spaces before a task's name, so that the cursor stands in it. */
function nameOffset(text: string, from: number): number {
  return from + (text.slice(from).match(/^[\s-]*/)?.[0].length ?? 0);
}
