/** Vectors as returned by /embed, and their similarity. */

/** Decode base64 of little-endian float32 values. Throws a RangeError if bytes are missing. */
export function decode(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  if (bytes.length % 4) throw new RangeError(`${bytes.length} bytes are no float32 numbers`);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

/** Return the cosine of two vectors of equal length; 0 if one of them is zero. */
export function cosine(left: Float32Array, right: Float32Array): number {
  let [dot, first, second] = [0, 0, 0];
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index] ?? 0, right[index] ?? 0];
    dot += a * b;
    first += a * a;
    second += b * b;
  }
  return first && second ? dot / Math.sqrt(first * second) : 0;
}

/** Return the symmetric matrix of cosines. */
export function similarities(vectors: readonly Float32Array[]): number[][] {
  const below = vectors.map((vector, row) => vectors.slice(0, row).map((earlier) => cosine(vector, earlier)));
  return vectors.map((_, row) => vectors.map((__, column) => (row === column ? 1 : (below[Math.max(row, column)]?.[Math.min(row, column)] ?? 0))));
}

export interface Pair {
  first: number;
  second: number;
  value: number;
}

/** Return the most similar pairs of different texts, at most `most`. */
export function nearest(matrix: readonly (readonly number[])[], most: number): Pair[] {
  const pairs = matrix.flatMap((row, index) => row.slice(0, index).map((value, column) => ({ first: column, second: index, value })));
  return pairs.sort((a, b) => b.value - a.value).slice(0, most);
}
