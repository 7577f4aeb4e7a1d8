/** Notices outside of the tab, by the browser: where the person wants them, and while the tab is in the background. */
import { describeNotice, type NoticeBoard } from "@/lib/notices";

/** Kept in the browser, since it is the browser that has to allow it. */
const KEY = "kapell.tell-outside";

export function canTellOutside(): boolean {
  return "Notification" in window && window.isSecureContext;
}

export function tellsOutside(): boolean {
  return canTellOutside() && localStorage.getItem(KEY) === "yes" && Notification.permission === "granted";
}

/** Begins or ends it; returns whether it is done now: the browser may refuse. */
export async function setTellsOutside(wanted: boolean): Promise<boolean> {
  if (wanted && canTellOutside() && Notification.permission === "default") await Notification.requestPermission();
  localStorage.setItem(KEY, wanted ? "yes" : "no");
  return tellsOutside();
}

/** Hands the notices of a board on to the browser. Many at once are one notice. Returns a function that ends it. */
export function tellOutside(board: NoticeBoard): () => void {
  let count = 0;
  const forget = () => {
    if (!document.hidden) count = 0;
  };
  document.addEventListener("visibilitychange", forget);
  const unsubscribe = board.subscribe((added) => {
    if (added === null || !document.hidden || !tellsOutside()) return;
    count += 1;
    const body = count === 1 ? describeNotice(added) : `${describeNotice(added)}, and ${count - 1} more`;
    const notice = new Notification("Kapell", { body, tag: "kapell" });
    notice.onclick = () => window.focus();
  });
  return () => {
    unsubscribe();
    document.removeEventListener("visibilitychange", forget);
  };
}
