/** The pages behind the login, in menu order. A page is a module that exports `Component`; it is loaded on the first visit. */

import type { ComponentType } from "react";
import type { IconName } from "@/components/Icon";

export interface PageEntry {
  /** Also the key of its menu entry: common.json, "nav". */
  name: "overview" | "search" | "embeddings" | "quantum" | "bench" | "runs";
  path: string;
  icon: IconName;
  load: () => Promise<{ Component: ComponentType }>;
}

export const PAGES: readonly PageEntry[] = [
  { name: "overview", path: "/", icon: "pulse", load: () => import("@/features/overview/OverviewPage") },
  { name: "search", path: "/search", icon: "search", load: () => import("@/features/search/SearchPage") },
  { name: "embeddings", path: "/embeddings", icon: "vectors", load: () => import("@/features/embeddings/EmbeddingsPage") },
  { name: "quantum", path: "/quantum", icon: "circuit", load: () => import("@/features/quantum/QuantumPage") },
  { name: "bench", path: "/bench", icon: "gauge", load: () => import("@/features/bench/BenchPage") },
  { name: "runs", path: "/runs", icon: "history", load: () => import("@/features/runs/RunsPage") },
];
