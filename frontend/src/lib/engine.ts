/** What the engine says of itself, as far as the page shows it; its API leaves the form open, so each part is looked at before it is believed. */

import type { Tick } from "./telemetry";

export interface Engine {
  state: string;
  device: string;
  expected: string;
  reason: string;
  model: string;
  dimensions: number | null;
  precision: string;
  mode: string;
  proofOk: boolean | null;
  proofAge: number | null;
  proofDetail: string;
  queueTexts: number | null;
  queueTokens: number | null;
  queueLimit: number | null;
}

export interface Gpu {
  name: string;
  /** percent */
  utilisation: number | null;
  /** bytes */
  memory: number | null;
  memoryTotal: number | null;
  /** Celsius */
  temperature: number | null;
}

type Unknown = Record<string, unknown>;

const words = (from: Unknown, key: string) => (typeof from[key] === "string" ? from[key] : "");
const number = (from: Unknown, key: string) => (typeof from[key] === "number" ? from[key] : null);
const part = (from: Unknown, key: string) => (typeof from[key] === "object" && from[key] !== null ? (from[key] as Unknown) : {});

/** Return it, null while the engine has said nothing. */
export function engineOf(tick: Tick): Engine | null {
  const said: Unknown = tick.engine;
  if (!words(said, "device")) return null;
  const proof = part(said, "proof");
  const queue = part(said, "queue");
  return {
    state: words(said, "state"),
    device: words(said, "device"),
    expected: words(said, "expected"),
    reason: words(said, "reason"),
    model: words(said, "model"),
    dimensions: number(said, "dimensions"),
    precision: words(said, "precision"),
    mode: words(said, "mode"),
    proofOk: typeof proof.ok === "boolean" ? proof.ok : null,
    proofAge: number(proof, "age_s"),
    proofDetail: words(proof, "detail"),
    queueTexts: number(queue, "texts"),
    queueTokens: number(queue, "tokens"),
    queueLimit: number(queue, "limit_tokens"),
  };
}

/** Return the card, null where none is seen. */
export function gpuOf(tick: Tick): Gpu | null {
  const said: Unknown | null = tick.gpu;
  if (!said) return null;
  return {
    name: words(said, "name"),
    utilisation: number(said, "utilisation"),
    memory: number(said, "memory"),
    memoryTotal: number(said, "memory_total"),
    temperature: number(said, "temperature"),
  };
}

/** Tell what is wrong with the device: a GPU is expected and the CPU works, or the proof failed; null when nothing is. */
export function deviceTrouble(tick: Tick): { kind: "cpu" | "proof"; reason: string } | null {
  const engine = engineOf(tick);
  if (!engine) return null;
  if (engine.expected === "cuda" && engine.device !== "cuda") return { kind: "cpu", reason: engine.reason };
  if (engine.proofOk === false) return { kind: "proof", reason: engine.proofDetail };
  return null;
}
