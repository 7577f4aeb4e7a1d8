import { createTheme, type MantineColorsTuple } from "@mantine/core";

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
});
