/** What is open: a document, and the chunk of it that was found. */
export interface DocumentTarget {
  id: string;
  chunk: number | null;
}
