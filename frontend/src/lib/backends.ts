/** The page's one Cluster. */

import { defaultBackends, parseBackends } from "./addresses";
import { Cluster } from "./cluster";

export const cluster = new Cluster(defaultBackends(location.hostname));

/** Ask the page's server where the backends are; without an answer they are at the usual ports. */
export async function findBackends(): Promise<void> {
  try {
    const answer = await fetch("/cluster.json", { cache: "no-cache", signal: AbortSignal.timeout(3000) });
    if (answer.ok) cluster.use(parseBackends(await answer.json(), location.hostname));
  } catch {
    // the usual ports
  }
}
