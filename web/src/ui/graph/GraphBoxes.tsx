import { memo } from "react";
import type { Box } from "@/graph/drawing";
import { GraphBox } from "./GraphBox";
import classes from "./graph.module.css";
import { findCases, findStory, type GraphPartProps, isCritical } from "./told";

interface GraphBoxesProps extends GraphPartProps {
  shown: Box[];
  active: string | null;
  isTiny: boolean;
  onTurn: (id: string) => void;
  onPick: (id: string, iteration: number | null) => void;
}

/** The boxes that can be seen. They stay as they are while the drawing is only moved. */
export const GraphBoxes = memo(function GraphBoxes(props: GraphBoxesProps) {
  const { layout, shown, told, picks, problems, selected, active, isTiny, onTurn, onPick } = props;
  return (
    <>
      {layout.frames.map((frame) => (
        <div
          key={frame.id}
          className={classes.frame}
          style={{ left: frame.x, top: frame.y, width: frame.width, height: frame.height }}
        >
          {frame.title}
        </div>
      ))}
      {shown.map((box) => {
        const { story, status } = findStory(box, told);
        return (
          <GraphBox
            key={box.id}
            box={box}
            story={story}
            status={status}
            isCritical={isCritical(box, story)}
            pick={picks.get(box.id)}
            problem={box.span.length === 0 ? problems?.get(box.block.reference) : undefined}
            isSelected={box.id === selected}
            isActive={box.id === active}
            isTiny={isTiny}
            takenCases={box.block.cases.length > 0 && told ? findCases(box, told) : null}
            onTurn={onTurn}
            onPick={onPick}
          />
        );
      })}
    </>
  );
});
