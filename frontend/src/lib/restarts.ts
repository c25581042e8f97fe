/** Restarts and outages seen by this page: a process with a new pid, or a service that went down. */

import type { Tick } from "./telemetry";

export interface Outages {
  /** Number of outages by service. */
  counts: Readonly<Record<string, number>>;
  states: Readonly<Record<string, string>>;
  enginePid: unknown;
}

export const NOTHING_SEEN: Outages = { counts: {}, states: {}, enginePid: null };

/** Return the outages after one more tick. */
export function observe(outages: Outages, tick: Tick): Outages {
  const states = Object.fromEntries(Object.entries(tick.services).map(([name, { state }]) => [name, state]));
  const counts = { ...outages.counts };
  const count = (name: string) => (counts[name] = (counts[name] ?? 0) + 1);
  for (const [name, state] of Object.entries(states)) {
    counts[name] ??= 0;
    if (state === "down" && name in outages.states && outages.states[name] !== "down") count(name);
  }
  const enginePid = tick.engine.pid ?? outages.enginePid;
  // An engine that was down has been counted already.
  if (outages.enginePid !== null && enginePid !== outages.enginePid && outages.states.engine !== "down") count("engine");
  return { counts, states, enginePid };
}
