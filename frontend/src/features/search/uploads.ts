/** The upload queue: one file at a time, continuing while other pages are shown. */

import type { Answered } from "@/lib/cluster";
import type { Uploaded, UploadOptions } from "@/lib/upload";

/** sending: uploading; indexing: the backend splits and embeds it; exists: it existed before. */
export type UploadState = "waiting" | "sending" | "indexing" | "added" | "exists" | "failed" | "cancelled";

export interface Upload {
  id: number;
  name: string;
  bytes: number;
  state: UploadState;
  /** Share of its bytes that was sent, from 0 to 1. */
  share: number;
  document: Uploaded["data"] | null;
  by: Answered | null;
  error: unknown;
}

/** Fields shared by all files of one drop. */
export interface Details {
  /** A JSON object, "" for none. */
  metadata: string;
}

export type Send = (form: FormData, options: UploadOptions) => Promise<Uploaded>;

interface Job {
  file: File;
  details: Details;
  cancel: AbortController;
}

const OVER: readonly UploadState[] = ["added", "exists", "failed", "cancelled"];

export function isOver(upload: Upload): boolean {
  return OVER.includes(upload.state);
}

export class UploadQueue {
  private readonly send: Send;
  private readonly onAdded: () => void;
  private readonly jobs = new Map<number, Job>();
  private readonly listeners = new Set<() => void>();
  private uploads: readonly Upload[] = [];
  private next = 1;
  private isRunning = false;

  /** `onAdded` is called after each new document. */
  constructor(send: Send, onAdded: () => void) {
    this.send = send;
    this.onAdded = onAdded;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Return the files in the order added; the same array until something changes. */
  snapshot = (): readonly Upload[] => this.uploads;

  add(files: Iterable<File>, details: Details): void {
    for (const file of files) {
      const id = this.next++;
      this.jobs.set(id, { file, details, cancel: new AbortController() });
      this.set([...this.uploads, { id, name: file.name, bytes: file.size, state: "waiting", share: 0, document: null, by: null, error: null }]);
    }
    void this.run();
  }

  cancel(id: number): void {
    this.jobs.get(id)?.cancel.abort();
    this.change(id, { state: "cancelled" });
  }

  /** Send a failed or cancelled file again. */
  retry(id: number): void {
    const job = this.jobs.get(id);
    if (!job) return;
    job.cancel = new AbortController();
    this.change(id, { state: "waiting", share: 0, error: null });
    void this.run();
  }

  /** Remove the files that are done. */
  clear(): void {
    for (const upload of this.uploads.filter(isOver)) this.jobs.delete(upload.id);
    this.set(this.uploads.filter((upload) => !isOver(upload)));
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    for (let upload = this.waiting(); upload; upload = this.waiting()) await this.one(upload.id);
    this.isRunning = false;
  }

  private waiting(): Upload | undefined {
    return this.uploads.find((upload) => upload.state === "waiting");
  }

  private async one(id: number): Promise<void> {
    const job = this.jobs.get(id);
    if (!job) return;
    const { signal } = job.cancel;
    const onProgress = (share: number) => {
      if (!signal.aborted) this.change(id, { share, state: share < 1 ? "sending" : "indexing" });
    };
    this.change(id, { state: "sending" });
    try {
      const { data: document, by } = await this.send(formOf(job), { signal, onProgress });
      this.change(id, { state: document.created ? "added" : "exists", share: 1, document, by });
      this.jobs.delete(id);
      if (document.created) this.onAdded();
    } catch (error) {
      if (!signal.aborted) this.change(id, { state: "failed", error });
    }
  }

  private change(id: number, change: Partial<Upload>): void {
    this.set(this.uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload)));
  }

  private set(uploads: readonly Upload[]): void {
    this.uploads = uploads;
    for (const listener of this.listeners) listener();
  }
}

/** The file name is also the source, so that one can search in a single file. */
function formOf({ file, details }: Job): FormData {
  const form = new FormData();
  form.set("source", file.webkitRelativePath || file.name);
  if (details.metadata.trim()) form.set("metadata", details.metadata);
  form.set("file", file);
  return form;
}
