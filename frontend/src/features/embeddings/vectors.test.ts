import { describe, expect, it } from "vitest";
import { cosine, decode, nearest, similarities } from "./vectors";

function encode(numbers: number[]): string {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
}

describe("decode", () => {
  it("reads little-endian float32", () => {
    expect(encode([1, -0.5])).toBe("AACAPwAAAL8=");
    expect([...decode("AACAPwAAAL8=")]).toEqual([1, -0.5]);
  });

  it("does not read half a number", () => {
    expect(() => decode(btoa("abc"))).toThrow(RangeError);
  });
});

describe("cosine", () => {
  it("is about direction, not length", () => {
    expect(cosine(Float32Array.of(1, 2), Float32Array.of(10, 20))).toBeCloseTo(1, 6);
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(0, 3))).toBe(0);
    expect(cosine(Float32Array.of(1, 1), Float32Array.of(-2, -2))).toBeCloseTo(-1, 6);
    expect(cosine(Float32Array.of(3, 4), Float32Array.of(4, 3))).toBeCloseTo(24 / 25, 6);
  });

  it("is 0 where a vector has no direction", () => {
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 2))).toBe(0);
  });
});

describe("similarities", () => {
  const matrix = similarities([Float32Array.of(1, 0), Float32Array.of(3, 4), Float32Array.of(0, -1)]);

  it("is symmetric, with 1 from each to itself", () => {
    expect(matrix.map((row, index) => row[index])).toEqual([1, 1, 1]);
    for (const [row, column] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const)
      expect(matrix[row]?.[column]).toBe(matrix[column]?.[row]);
  });

  it("gives the nearest pairs first, each once", () => {
    expect(nearest(matrix, 2).map(({ first, second, value }) => [first, second, Number(value.toFixed(3))])).toEqual([
      [0, 1, 0.6],
      [0, 2, 0],
    ]);
    expect(nearest([], 5)).toEqual([]);
  });
});
