import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin, ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

const PORT = 5173;
/** While developing, one backend stands for all: the development server passes calls on to it, as if a page of its own had made them. */
const BACKEND = process.env.OMNIMIND_BACKEND ?? "http://localhost:8000";

function proxy(): Record<string, ProxyOptions> {
  const { paths } = JSON.parse(readFileSync(new URL("openapi.json", import.meta.url), "utf8")) as { paths: Record<string, unknown> };
  const roots = new Set(["/ws", ...Object.keys(paths).map((path) => `/${path.split("/")[1] ?? ""}`)]);
  roots.delete("/");
  const passOn: ProxyOptions = {
    target: BACKEND,
    changeOrigin: true,
    ws: true,
    headers: { origin: BACKEND },
    // Some pages are called as the routes are: who asks for HTML means the page.
    bypass: ({ headers }) => (headers.accept?.includes("text/html") ? "/index.html" : undefined),
  };
  return Object.fromEntries([...roots].map((root) => [`^${root}(/|\\?|$)`, passOn]));
}

function clusterFile(): Plugin {
  const said = JSON.stringify({ backends: [`http://localhost:${PORT}`] });
  return {
    name: "cluster-file",
    configureServer: ({ middlewares }) => {
      middlewares.use("/cluster.json", (_, response) => response.setHeader("Content-Type", "application/json").end(said));
    },
  };
}

export default defineConfig(({ command }) => ({
  plugins: [react(), clusterFile()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Nothing inline: the page's CSP allows scripts, styles and fonts from its own origin only.
  build: { outDir: "dist", assetsDir: "assets", assetsInlineLimit: 0, sourcemap: false, target: "es2022", modulePreload: { polyfill: false } },
  server: { port: PORT, strictPort: true, proxy: command === "serve" ? proxy() : {} },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 20_000 },
}));
