/** The data of the live socket, for components: useLive(). The socket is open while at least one of them is mounted. */

import { useSyncExternalStore } from "react";
import { cluster } from "./backends";
import { ME, queries } from "./query";
import { NOTHING_SEEN, observe, type Outages } from "./restarts";
import { TelemetrySocket, type Link, type Tick } from "./telemetry";

/** Five minutes of ticks. */
export const KEPT = 300;

export interface Live {
  link: Link;
  /** Oldest first. */
  ticks: readonly Tick[];
  /** Restarts and outages since the page was opened, by service. */
  outages: Outages;
}

let live: Live = { link: { status: "off", url: "", reconnects: 0 }, ticks: [], outages: NOTHING_SEEN };
const listeners = new Set<() => void>();

function set(change: Partial<Live>): void {
  live = { ...live, ...change };
  for (const listener of listeners) listener();
}

const socket = new TelemetrySocket(cluster, {
  open: (url) => new WebSocket(url),
  onTick: (tick) => set({ ticks: [...live.ticks.slice(1 - KEPT), tick], outages: observe(live.outages, tick) }),
  onLink: (link) => set({ link }),
  onRefused: () => void queries.invalidateQueries({ queryKey: ME }),
  stallMs: 5000,
  firstMs: 1000,
  longestMs: 15_000,
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  socket.start();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) socket.stop();
  };
}

export function useLive(): Live {
  return useSyncExternalStore(subscribe, () => live);
}
