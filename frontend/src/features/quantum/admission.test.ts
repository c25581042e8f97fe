import { describe, expect, it } from "vitest";
import { ApiError } from "@/lib/problem";
import { admissionOf, fitsInSingle } from "./admission";

const refusal = {
  title: "the circuit does not fit",
  status: 422,
  needed_bytes: 18_000_000_000,
  free_bytes: 9_000_000_000,
  qubits: 30,
  precision: "double",
  method: "statevector",
  device: "cpu",
  most_qubits: 28,
  most_qubits_single: 30,
};

describe("admissionOf", () => {
  it("reads the numbers of a refusal", () => {
    const admission = admissionOf(new ApiError(refusal));
    expect(admission).toMatchObject({ needed: 18_000_000_000, free: 9_000_000_000, qubits: 30, most: 28, mostSingle: 30, device: "cpu" });
    expect(admission && fitsInSingle(admission)).toBe(true);
    expect(admission && fitsInSingle({ ...admission, mostSingle: 29 })).toBe(false);
    expect(admission && fitsInSingle({ ...admission, precision: "single" })).toBe(false);
  });

  it("takes no other error for one", () => {
    expect(admissionOf(new ApiError({ title: "the circuit cannot be read", status: 422, detail: "line 3" }))).toBeNull();
    expect(admissionOf(new ApiError({ ...refusal, status: 503 }))).toBeNull();
    expect(admissionOf(new Error("no"))).toBeNull();
  });

  it("does without the qubits that would fit, as for a method other than statevector", () => {
    const { most_qubits, most_qubits_single, ...rest } = refusal;
    expect([most_qubits, most_qubits_single]).toEqual([28, 30]);
    expect(admissionOf(new ApiError(rest))).toMatchObject({ most: null, mostSingle: null });
  });
});
