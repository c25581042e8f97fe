/** The document to open, and the chunk in it that was found. */
export interface DocumentTarget {
  id: string;
  chunk: number | null;
}
