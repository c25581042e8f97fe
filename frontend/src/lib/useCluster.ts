import { useSyncExternalStore } from "react";
import { cluster } from "./backends";
import type { ClusterState } from "./cluster";

/** Return how the backends are and which answered last; renders again when that changes. */
export function useCluster(): ClusterState {
  return useSyncExternalStore(cluster.subscribe, cluster.snapshot);
}
