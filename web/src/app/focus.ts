/**
 * Keeps the keyboard's focus where a person left it. The browser drops it whenever the focused element is removed or
 * disabled, such as a row that is deleted, a dialog's button, or a button that waits for an answer.
 */

/** What comes after a dialog has given the focus back by itself. */
const GRACE_MILLIS = 60;
const LANDMARKS = "section, form, nav, header, main, [tabindex]";

/** Moves the focus to the page that is shown, as a browser does with a document of its own. */
export function focusPage(): void {
  focus(document.getElementById("content"));
}

/** Takes care of the focus within `root` and of what is shown above it, until what it returns is called. */
export function keepFocus(root: HTMLElement): () => void {
  let last: Place | null = null;
  let lastInRoot: Place | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const remember = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement)) return;
    last = { element: target, around: listAncestors(target) };
    if (root.contains(target)) lastInRoot = last;
  };
  // Whoever points at something else lets the focus go; that is no loss. A dialog lies above the place that it leads
  // back to.
  const forget = ({ target }: Event) => {
    if (!isLost() && document.activeElement?.contains(target as Node)) return; // it keeps the focus that it has
    last = null;
    if (root.contains(target as Node)) lastInRoot = null;
  };
  const restore = () => {
    timer = undefined;
    if (!isLost() || last === null || isWaiting(last)) return;
    focus(findNearest(last) ?? (lastInRoot && findNearest(lastInRoot)));
  };
  const observer = new MutationObserver(() => {
    if (timer === undefined && last !== null && isLost()) timer = setTimeout(restore, GRACE_MILLIS);
  });
  document.addEventListener("focusin", remember);
  document.addEventListener("pointerdown", forget, true);
  observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener("focusin", remember);
    document.removeEventListener("pointerdown", forget, true);
  };
}

interface Place {
  element: HTMLElement;
  /** Its ancestors, from the nearest to the farthest, as they were when it had the focus. */
  around: HTMLElement[];
}

function listAncestors(element: HTMLElement): HTMLElement[] {
  const ancestors: HTMLElement[] = [];
  for (let each = element.parentElement; each && each !== document.body; each = each.parentElement)
    ancestors.push(each);
  return ancestors;
}

function isLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** Tells whether a place cannot have the focus now, and can again later. */
function isWaiting({ element }: Place): boolean {
  return element.isConnected && element.matches(":disabled");
}

/** Returns where to go on from a place: itself, or what stands around it where it is gone. */
function findNearest({ element, around }: Place): HTMLElement | null {
  if (element.isConnected) return element;
  return around.find((each) => each.isConnected && each.matches(LANDMARKS)) ?? null;
}

function focus(element: HTMLElement | null): void {
  if (!element) return;
  element.focus({ preventScroll: true });
  if (document.activeElement === element) return;
  // What is no control is given the focus by scripts only.
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
