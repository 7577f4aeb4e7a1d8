import {
  ActionIcon,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import {
  IconCheck,
  IconChevronDown,
  IconChevronRight,
  IconCopy,
  IconDownload,
  IconRoute2,
  IconSearch,
} from "@tabler/icons-react";
import { memo, useCallback, useDeferredValue, useMemo, useState } from "react";
import classes from "./DataTree.module.css";
import { downloadText } from "./download";
import { describePath, describeValue, flattenTree, openAtFirst, searchTree, type TreeRow } from "./treeRows";
import { VirtualRows } from "./VirtualRows";

interface DataTreeProps {
  value: unknown;
  /** What the value is, such as "Input"; downloads are named after it, too. */
  label: string;
  height?: string;
}

/** A JSON value as a tree that can be searched and copied from, however large; or as its text. */
export function DataTree({ value, label, height = "50vh" }: DataTreeProps) {
  const [text, setText] = useState("");
  const [isRaw, setRaw] = useState(false);
  const search = useDeferredValue(text);
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          value={isRaw ? "raw" : "tree"}
          onChange={(chosen) => setRaw(chosen === "raw")}
          aria-label={`${label}: how it is shown`}
          data={[
            { value: "tree", label: "Tree" },
            { value: "raw", label: "JSON" },
          ]}
        />
        {!isRaw && (
          <TextInput
            size="xs"
            flex={1}
            miw={140}
            leftSection={<IconSearch size={14} aria-hidden />}
            placeholder="Key or value"
            aria-label={`Search in ${label}`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          aria-label={`Download ${label}`}
          onClick={() =>
            downloadText(`${label.toLowerCase()}.json`, JSON.stringify(value, null, 2), "application/json")
          }
        >
          Download
        </Button>
      </Group>
      {isRaw ? (
        <RawJson value={value} label={label} height={height} />
      ) : (
        <Tree value={value} label={label} height={height} text={search} />
      )}
    </Stack>
  );
}

function RawJson({ value, label, height }: Required<DataTreeProps>) {
  const lines = useMemo(() => (JSON.stringify(value, null, 2) ?? "null").split("\n"), [value]);
  return (
    <VirtualRows count={lines.length} estimate={19} label={`${label} as JSON`} height={height}>
      {(index) => <div className={classes.raw}>{lines[index]}</div>}
    </VirtualRows>
  );
}

function Tree({ value, label, height, text }: Required<DataTreeProps> & { text: string }) {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [shown, setShown] = useState<TreeRow | null>(null);
  const first = useMemo(() => openAtFirst(value), [value]);
  const search = useMemo(() => searchTree(value, text), [value, text]);
  const rows = useMemo(() => {
    const isOpen = (pointer: string) => toggled.get(pointer) ?? (search ? search.around : first).has(pointer);
    return flattenTree(value, isOpen, search);
  }, [value, first, search, toggled]);
  const toggle = useCallback(
    (row: TreeRow) => setToggled((before) => new Map(before).set(row.pointer, !row.isOpen)),
    [],
  );
  return (
    <>
      {search && (
        <Text size="xs" c="dimmed" role="status">
          {search.found.size === 0 ? "Nothing found" : `${search.found.size.toLocaleString("en")} found`}
          {search.isCut && "; it is too large to be looked through to its end: download it"}
        </Text>
      )}
      <VirtualRows
        count={rows.length}
        estimate={26}
        label={label}
        height={height}
        keyOf={(index) => rows[index]?.pointer ?? index}
      >
        {(index) => {
          const row = rows[index];
          return row && <Row row={row} onToggle={toggle} onShow={setShown} />;
        }}
      </VirtualRows>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title={shown ? describePath(shown.path) : ""}
        size="xl"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <pre className={classes.text}>{typeof shown?.value === "string" ? shown.value : ""}</pre>
      </Modal>
    </>
  );
}

const LONG_TEXT = 120;

interface RowProps {
  row: TreeRow;
  onToggle: (row: TreeRow) => void;
  onShow: (row: TreeRow) => void;
}

const Row = memo(function Row({ row, onToggle, onShow }: RowProps) {
  const name = row.key === null ? "" : String(row.key);
  const isLong = typeof row.value === "string" && (row.value.length > LONG_TEXT || row.value.includes("\n"));
  const told = (
    <>
      {name !== "" && <span className={classes.key}>{name}</span>}
      {name !== "" && ": "}
      <span className={classes[kindOf(row.value)]}>{describeValue(row.value, LONG_TEXT)}</span>
    </>
  );
  return (
    <div className={`${classes.row} ${row.isFound ? classes.found : ""}`} style={{ paddingLeft: 6 + row.depth * 16 }}>
      {row.size ? (
        <UnstyledButton className={classes.name} onClick={() => onToggle(row)} aria-expanded={row.isOpen}>
          {row.isOpen ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
          {told}
        </UnstyledButton>
      ) : (
        <span className={`${classes.name} ${classes.leaf}`}>{told}</span>
      )}
      <span className={classes.tools}>
        {isLong && (
          <Button size="compact-xs" variant="subtle" onClick={() => onShow(row)}>
            Show all
          </Button>
        )}
        <Copy what="value" text={() => textOf(row.value)} of={describePath(row.path)} />
        <Copy what="path" text={() => describePath(row.path)} of={describePath(row.path)} />
      </span>
    </div>
  );
});

/** A button that copies; the text is made only when it is asked for, as a value can be large. */
function Copy({ what, text, of }: { what: "value" | "path"; text: () => string; of: string }) {
  const clipboard = useClipboard({ timeout: 1500 });
  const Icon = clipboard.copied ? IconCheck : what === "value" ? IconCopy : IconRoute2;
  return (
    <ActionIcon
      size="sm"
      variant="subtle"
      color="gray"
      onClick={() => clipboard.copy(text())}
      aria-label={clipboard.copied ? `Copied the ${what}` : `Copy the ${what} of ${of}`}
      title={`Copy the ${what}`}
    >
      <Icon size={14} aria-hidden />
    </ActionIcon>
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function kindOf(value: unknown): "string" | "number" | "other" {
  if (typeof value === "string") return "string";
  return typeof value === "number" ? "number" : "other";
}
