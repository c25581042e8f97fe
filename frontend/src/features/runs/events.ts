/** The events of a run: how they are followed, and which of them are important. */

import type { Schemas } from "@/lib/api/client";

type Logged = Schemas["LoggedEvent"];
type Log = Pick<Schemas["RunDetail"], "events" | "events_before">;

/** Events that the page keeps of a run; older ones are only counted. */
export const MOST_EVENTS = 1000;

/** Return the number of the last known event, after which the next poll starts. */
export function lastNumber(log: Log | undefined): number {
  return log?.events.at(-1)?.number ?? 0;
}

/** Return a log extended by the newly read events. */
export function joined(log: Log, newer: Log): Log {
  const known = newer.events_before > 0 ? [] : log.events; // more came than one answer holds: what lies before them is not shown
  const events = [...known, ...newer.events].slice(-MOST_EVENTS);
  const all = log.events_before + log.events.length + newer.events_before + newer.events.length;
  return { events, events_before: all - events.length };
}

/** Return the events without output lines, and without the start of a step whose end is also listed. */
export function weighty(events: readonly Logged[]): readonly Logged[] {
  const ended = new Set(events.filter((event) => event.kind === "step" && !isBeginning(event)).map((event) => event.step));
  return events.filter((event) => {
    if (event.kind === "line") return event.step === "";
    return event.kind !== "step" || !isBeginning(event) || !ended.has(event.step);
  });
}

function isBeginning({ status }: Logged): boolean {
  return status === "doing" || status === "undoing";
}
