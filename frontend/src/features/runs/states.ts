/** The states of runs and of their steps, as the journal has them, and how they are shown. */

import type { Tone } from "@/components/Badge";

export const RUN_STATES = {
  running: "accent",
  postponed: "warn",
  unconfirmed: "warn",
  confirmed: "good",
  "rolling back": "warn",
  "rolled back": "warn",
  finished: "good",
  failed: "bad",
} as const satisfies Record<string, Tone>;

export const STEP_STATES = {
  todo: "neutral",
  doing: "accent",
  done: "good",
  failed: "bad",
  undoing: "warn",
  undone: "warn",
  held: "neutral",
} as const satisfies Record<string, Tone>;

export type RunState = keyof typeof RUN_STATES;
export type StepState = keyof typeof STEP_STATES;

/** A later version may know more states than this page does: they are shown as they are. */
export function isRunState(state: string): state is RunState {
  return state in RUN_STATES;
}

export function isStepState(state: string): state is StepState {
  return state in STEP_STATES;
}

/** Tell whether something still happens in a run, so that it is worth looking again. */
export function isMoving(state: string): boolean {
  return state === "running" || state === "rolling back";
}
