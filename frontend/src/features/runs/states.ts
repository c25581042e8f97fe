/** The states of runs and steps, as in the journal, and how they are shown. */

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

/** A later version may add states; unknown ones are shown unchanged. */
export function isRunState(state: string): state is RunState {
  return state in RUN_STATES;
}

export function isStepState(state: string): state is StepState {
  return state in STEP_STATES;
}

/** Return whether a run is active and needs polling. */
export function isMoving(state: string): boolean {
  return state === "running" || state === "rolling back";
}
