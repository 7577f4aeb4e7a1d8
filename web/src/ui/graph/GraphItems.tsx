import { VisuallyHidden } from "@mantine/core";
import { memo } from "react";
import { describeSeconds } from "@/lib/time";
import { describeBox } from "./describe";
import { findStory, type GraphPartProps, isCritical } from "./told";

/** The boxes for who does not see them, in the order of the flow. */
export const GraphItems = memo(function GraphItems({
  id,
  layout,
  told,
  picks,
  problems,
  selected,
}: GraphPartProps & { id: string }) {
  return (
    <VisuallyHidden>
      {layout.boxes.map((box, index) => {
        const { story, status } = findStory(box, told);
        return (
          <div
            key={box.id}
            id={`${id}-${index}`}
            role="treeitem"
            tabIndex={-1}
            aria-level={box.depth + 1}
            aria-expanded={box.canFold ? box.isOpen : undefined}
            aria-selected={box.id === selected}
          >
            {describeBox(box, {
              story,
              status,
              duration: story && story.openSince.length === 0 ? describeSeconds(story.seconds) : "",
              isCritical: isCritical(box, story),
              pick: picks.get(box.id),
              problem: problems?.get(box.block.reference),
            })}
          </div>
        );
      })}
    </VisuallyHidden>
  );
});
