/** The numbers of a refusal: the circuit needs more memory than is free. */

import { ApiError } from "@/lib/problem";

export interface Admission {
  needed: number;
  free: number;
  qubits: number;
  precision: string;
  method: string;
  device: string;
  /** Maximum number of qubits, in this precision and in single; null if unknown. */
  most: number | null;
  mostSingle: number | null;
}

/** Read the numbers from an error; null for any other error. */
export function admissionOf(error: unknown): Admission | null {
  if (!(error instanceof ApiError) || error.status !== 422) return null;
  const fields = error.problem as unknown as Record<string, unknown>;
  const number = (name: string) => (typeof fields[name] === "number" ? fields[name] : null);
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  const [needed, free, qubits] = [number("needed_bytes"), number("free_bytes"), number("qubits")];
  if (needed === null || free === null || qubits === null) return null;
  return {
    needed,
    free,
    qubits,
    precision: text("precision"),
    method: text("method"),
    device: text("device"),
    most: number("most_qubits"),
    mostSingle: number("most_qubits_single"),
  };
}

/** Return whether the circuit fits in single precision, which needs half the memory. */
export function fitsInSingle({ precision, qubits, mostSingle }: Admission): boolean {
  return precision === "double" && mostSingle !== null && mostSingle >= qubits;
}
