import "./print.css";
import { useEffect } from "react";

const SCHEME = "data-mantine-color-scheme";

/** Lets the page be printed on white paper, whatever the screen shows; returns the function that prints. */
export function usePrint(): () => void {
  useEffect(() => {
    const root = document.documentElement;
    let shown: string | null = null;
    const before = () => {
      shown = root.getAttribute(SCHEME);
      root.setAttribute(SCHEME, "light");
    };
    const after = () => {
      if (shown !== null) root.setAttribute(SCHEME, shown);
      shown = null;
    };
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);
  return () => window.print();
}
