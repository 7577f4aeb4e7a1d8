import {
  IconArrowFork,
  IconArrowsSplit2,
  IconBolt,
  IconBraces,
  IconEar,
  IconHourglass,
  IconList,
  IconMathFunction,
  IconRepeat,
  IconSend,
  IconShield,
  IconSitemap,
  IconSquare,
  IconTerminal2,
  IconWorld,
  type TablerIcon,
} from "@tabler/icons-react";
import type { BlockKind } from "@/graph/tree";

const ICONS: Record<BlockKind, TablerIcon> = {
  workflow: IconSitemap,
  do: IconList,
  for: IconRepeat,
  fork: IconArrowsSplit2,
  try: IconShield,
  function: IconMathFunction,
  switch: IconArrowFork,
  call: IconWorld,
  run: IconTerminal2,
  child: IconSitemap,
  listen: IconEar,
  emit: IconSend,
  set: IconBraces,
  wait: IconHourglass,
  raise: IconBolt,
  unknown: IconSquare,
};

/** The icon of a kind of task. */
export function KindIcon({ kind, size = 14 }: { kind: BlockKind; size?: number }) {
  const Icon = ICONS[kind];
  return <Icon size={size} aria-hidden />;
}
