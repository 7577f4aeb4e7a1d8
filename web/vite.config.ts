/// <reference types="vitest/config" />
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, URL } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const SERVER = process.env.KAPELL_SERVER ?? "http://127.0.0.1:8020";

/** Puts a compressed copy beside each text file, so that the server need not compress. */
function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    async writeBundle({ dir = "." }, bundle) {
      for (const name of [...Object.keys(bundle), "icon.svg", "scheme.js"]) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const file = path.join(dir, name);
        await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: Object.fromEntries(["/api", "/health", "/ready"].map((each) => [each, { target: SERVER }])) },
  build: {
    outDir: "../src/kapell/console/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
