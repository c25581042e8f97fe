/** Results of repeated probes of the backends: latency over time, and restarted workers. */

import type { BackendState } from "@/lib/cluster";

export interface BackendChecks {
  /** Latencies in milliseconds, oldest first; null for no answer. */
  latency: readonly (number | null)[];
  /** Pid of each worker that has answered, by its name ("1", "2"). */
  pids: Readonly<Record<string, number>>;
  /** Number of times that a worker answered with a new pid. */
  restarts: number;
}

/** By URL. */
export type Checks = Readonly<Record<string, BackendChecks>>;

export const NO_CHECKS: Checks = {};
const KEPT = 60;

/** Return the checks after one more round. */
export function record(before: Checks, backends: readonly BackendState[], reports: ReadonlyMap<string, unknown>): Checks {
  return Object.fromEntries(
    backends.map(({ url, ms }) => {
      const { latency, pids, restarts } = before[url] ?? { latency: [], pids: {}, restarts: 0 };
      const worker = workerOf(reports.get(url));
      const isNew = worker && worker.name in pids && pids[worker.name] !== worker.pid;
      return [
        url,
        {
          latency: [...latency.slice(1 - KEPT), worker ? ms : null],
          pids: worker ? { ...pids, [worker.name]: worker.pid } : pids,
          restarts: restarts + (isNew ? 1 : 0),
        },
      ];
    }),
  );
}

function workerOf(report: unknown): { name: string; pid: number } | null {
  if (typeof report !== "object" || report === null || !("pid" in report) || !("worker" in report)) return null;
  return { name: String(report.worker), pid: Number(report.pid) };
}
