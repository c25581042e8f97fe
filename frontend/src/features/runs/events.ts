/** Which events of a run matter. */

import type { Schemas } from "@/lib/api/client";

type Logged = Schemas["LoggedEvent"];

/** Return the events without the lines that steps write, and without the beginning of a step whose end is told as well. */
export function weighty(events: readonly Logged[]): readonly Logged[] {
  const ended = new Set(events.filter((one) => one.kind === "step" && !isBeginning(one)).map((one) => one.step));
  return events.filter((one) => {
    if (one.kind === "line") return one.step === "";
    return one.kind !== "step" || !isBeginning(one) || !ended.has(one.step);
  });
}

function isBeginning({ status }: Logged): boolean {
  return status === "doing" || status === "undoing";
}
