import { VisuallyHidden } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { focusPage, keepFocus } from "./focus";

/** Pages name themselves a moment after they are shown. */
const PAUSE_MILLIS = 150;

/** Tells screen readers which page is shown now, and gives it the focus: what was chosen is gone with the page before. */
export function Announcer() {
  const router = useRouter();
  const [title, setTitle] = useState("");
  useEffect(() => keepFocus(document.getElementById("root") ?? document.body), []);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
      if (!fromLocation || fromLocation.pathname === toLocation.pathname) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!document.activeElement?.closest("[role=dialog]")) focusPage();
        setTitle(document.title);
      }, PAUSE_MILLIS);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [router]);
  return (
    <VisuallyHidden role="status" data-announcer>
      {title}
    </VisuallyHidden>
  );
}
