/** The page's only Cluster. */

import { defaultBackends, parseBackends } from "./addresses";
import { Cluster } from "./cluster";

export const cluster = new Cluster(defaultBackends(location.hostname));

/** Fetch the backends' addresses from the page's server; without an answer, use the default ports. */
export async function findBackends(): Promise<void> {
  try {
    const answer = await fetch("/cluster.json", { cache: "no-cache", signal: AbortSignal.timeout(3000) });
    if (answer.ok) cluster.use(parseBackends(await answer.json(), location.hostname));
  } catch {
    // keep the default ports
  }
}
