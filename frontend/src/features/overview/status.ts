import type { Tone } from "@/components/Badge";

/** State of a service or of the system; unknown counts as down. */
export type Status = "ready" | "degraded" | "down";

export const STATUS_TONE: Record<Status, Tone> = { ready: "good", degraded: "warn", down: "bad" };

/** Return the status for the backend's "ready", "up", "degraded" or "down". */
export function statusOf(status: string): Status {
  if (status === "ready" || status === "up") return "ready";
  return status === "degraded" ? "degraded" : "down";
}
