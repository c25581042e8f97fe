import { useSyncExternalStore } from "react";
import { cluster } from "./backends";
import type { ClusterState } from "./cluster";

/** Return the state of the backends; renders again on changes. */
export function useCluster(): ClusterState {
  return useSyncExternalStore(cluster.subscribe, cluster.snapshot);
}
