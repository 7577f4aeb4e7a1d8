/** How large what is drawn is, in pixels at the scale of one. */

/** A task that holds no others. */
export const LEAF_WIDTH = 208;
/** A block's heading, which is all of a task that holds no others. */
export const HEADING = 48;
export const SPAN_HEADING = 26;
/** One case of a `switch`, below its heading. */
export const CASE_HEIGHT = 22;
/** The title of a list, as `catch`. */
export const TITLE = 20;

/** Between tasks that follow one another. */
export const GAP = 30;
/** Between lists side by side. */
export const SIDE_GAP = 22;
/** Between a box and what it holds. */
export const PADDING = 14;
/** Around all. */
export const MARGIN = 24;

/** A lane in which a jump runs beside its list. */
export const LANE = 16;
/** A line that ends the workflow, beside its task. */
export const STUB = 32;
/** Below the last task of a list that others jump to the end of. */
export const END_ROOM = 18;
/** A shift of an axis that is too small for a bend. */
export const SLIGHT = 24;
