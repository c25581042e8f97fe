/** Steps on a time line: start and duration of each, as shares of the whole run. */

import type { Schemas } from "@/lib/api/client";

type Step = Schemas["RunStep"];

export interface Phase {
  name: string;
  steps: readonly Placed[];
  /** Total of its steps. */
  seconds: number;
}

/** A step and its position from 0 to 1; null if it has not started. */
export interface Placed {
  step: Step;
  place: { from: number; width: number } | null;
}

/** Group steps by phase, in order. `now` is Unix seconds; a running step extends to it. */
export function timeline(steps: readonly Step[], now: number): Phase[] {
  const spans = steps.map((step) => spanOf(step, now));
  const known = spans.filter((span) => span !== null);
  const begin = Math.min(...known.map((span) => span.from));
  const length = Math.max(...known.map((span) => span.to)) - begin;
  const phases: { name: string; steps: Placed[]; seconds: number }[] = [];
  steps.forEach((step, index) => {
    const span = spans[index] ?? null;
    const place = span && { from: length ? (span.from - begin) / length : 0, width: length ? (span.to - span.from) / length : 1 };
    let phase = phases.at(-1);
    if (phase?.name !== step.phase) phases.push((phase = { name: step.phase, steps: [], seconds: 0 }));
    phase.steps.push({ step, place });
    phase.seconds += step.seconds ?? 0;
  });
  return phases;
}

function spanOf({ started, seconds, status }: Step, now: number): { from: number; to: number } | null {
  if (!started) return null;
  const from = Date.parse(started) / 1000;
  if (Number.isNaN(from)) return null;
  const isUnderWay = status === "doing" || status === "undoing";
  return { from, to: seconds !== null ? from + seconds : isUnderWay ? Math.max(from, now) : from };
}
