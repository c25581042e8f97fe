/** Three backends and a cluster over them, new for each test of a file that calls `trio()`. */

import { afterEach, beforeEach } from "vitest";
import { Cluster, type ClusterOptions } from "@/lib/cluster";
import { three, type Flaky } from "./flaky";

export const QUICK: Partial<ClusterOptions> = {
  breaker: { threshold: 2, coolMs: 60, longestMs: 400 },
  readMs: 500,
  writeMs: 800,
  probeMs: 300,
  waitMs: 20,
  longestWaitMs: 300,
};

export let a: Flaky, b: Flaky, c: Flaky;
export let cluster: Cluster;

/** Make them before each test, the cluster with the short times of QUICK, and end them after it. */
export function trio(): void {
  beforeEach(async () => {
    [a, b, c] = await three();
    cluster = new Cluster([a.url, b.url, c.url], QUICK);
  });

  afterEach(async () => {
    cluster.close();
    await Promise.all([a.die(), b.die(), c.die()]);
  });
}

/** Another cluster over the same three, with these options. */
export function anew(options?: Partial<ClusterOptions>): void {
  cluster.close();
  cluster = new Cluster([a.url, b.url, c.url], options);
}

export const counts = () => [a, b, c].map((backend) => backend.heard.length);
export const state = (backend: Flaky) => cluster.snapshot().backends.find(({ url }) => url === backend.url);
export const read = (path = "/search?q=x") => cluster.send({ path });

/** So many reads, one after the other. */
export async function reads(count: number): Promise<Response[]> {
  const answers: Response[] = [];
  for (let index = 0; index < count; index++) answers.push(await read());
  return answers;
}
