/// <reference types="vitest/config" />
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
    generateBundle(_, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        if (/\.(js|css|html|svg)$/.test(fileName)) {
          const source = gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 });
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source });
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: Object.fromEntries(["/api", "/health", "/ready"].map((path) => [path, SERVER])) },
  build: {
    outDir: "../src/kapell/console/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
