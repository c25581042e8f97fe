/** Short temporary messages: toast("Saved"). <Toasts /> in the layout shows them. */

import { useSyncExternalStore } from "react";
import type { Tone } from "./Badge";

export interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const SECONDS = 6;
let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(now: readonly Toast[]): void {
  toasts = now;
  for (const listener of listeners) listener();
}

/** Show a message. Show errors beside what failed, not here. */
export function toast(text: string, tone: Tone = "good"): void {
  const id = next++;
  set([...toasts, { id, text, tone }]);
  setTimeout(() => dismiss(id), SECONDS * 1000);
}

export function dismiss(id: number): void {
  set(toasts.filter((entry) => entry.id !== id));
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
