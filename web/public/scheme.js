// Sets the colour scheme before the first paint. A file of its own: the content security policy allows no inline script.
(() => {
  let kept = "auto";
  try {
    kept = localStorage.getItem("mantine-color-scheme-value") || "auto";
  } catch {
    // Storage can be forbidden; then the system's scheme is used.
  }
  const dark = kept === "dark" || (kept === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
