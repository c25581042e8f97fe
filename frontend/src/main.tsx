import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { cluster, findBackends } from "@/lib/backends";
import { startI18n } from "@/lib/i18n";
import "@/styles/tokens.css";
import "@/styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
Object.assign(window, { omnimind: { cluster } }); // for the browser's console: await omnimind.cluster.send({ path: "/health/live" })
await Promise.all([findBackends(), startI18n()]);
void cluster.check(); // find unresponsive backends before the first requests
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
