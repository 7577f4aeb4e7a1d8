import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const lake: MantineColorsTuple = [
  "#e3f8fb",
  "#cfeef3",
  "#a0dde6",
  "#6dcbd9",
  "#46bbce",
  "#2db2c7",
  "#1b9fb3",
  "#0b7285",
  "#075e6e",
  "#014a57",
];

export const theme = createTheme({
  primaryColor: "lake",
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  colors: { lake },
  defaultRadius: "sm",
  cursorType: "pointer",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'JetBrains Mono', Menlo, 'DejaVu Sans Mono', monospace",
  respectReducedMotion: true,
  components: {
    // A loader has a name where it is used; a name needs a role.
    Loader: { defaultProps: { role: "status" } },
    // A button with a cross only needs a name.
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    // A link within a sentence is told apart by more than its colour.
    Anchor: { defaultProps: { underline: "always" } },
  },
});

/** Texts on their own light grounds, with a contrast of 4.5 or more in the light scheme (WCAG 2.2, 1.4.3). */
const LIGHT_TEXTS = { teal: "#06654a", red: "#a92222", blue: "#14549c", yellow: "#744400", gray: "#495057" };

export const resolveVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...Object.fromEntries(
      Object.entries(LIGHT_TEXTS).map(([name, text]) => [`--mantine-color-${name}-light-color`, text]),
    ),
    "--mantine-color-error": LIGHT_TEXTS.red,
  },
  dark: { "--mantine-color-error": "#ff8787" },
});
