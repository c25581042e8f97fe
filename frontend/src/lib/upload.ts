/** POST /documents with a form and upload progress, which fetch() does not report. It may be repeated: the same content is the same document. */

import type { Schemas } from "./api/client";
import { cluster } from "./backends";
import type { Answered } from "./cluster";
import { ApiError, ClusterDown, type Problem } from "./problem";

export interface UploadOptions {
  signal?: AbortSignal;
  /** Receives the share that was sent, from 0 to 1. */
  onProgress?: (share: number) => void;
}

export interface Uploaded {
  data: Schemas["DocumentCreated"];
  by: Answered;
}

/** Send a form (fields `file`, `title`, `source`, `metadata`) to a backend, or to the next one if that fails. Throws ApiError or ClusterDown. */
export async function uploadDocument(form: FormData, options: UploadOptions = {}): Promise<Uploaded> {
  const began = performance.now();
  const tried: string[] = [];
  for (const url of cluster.order()) {
    const answer = await post(`${url}/documents`, form, options);
    options.signal?.throwIfAborted();
    if (answer) return { data: parse(answer), by: answered(answer, url, tried.length + 1, performance.now() - began) };
    cluster.suspect(url);
    tried.push(`${url} did not take it`);
  }
  throw new ClusterDown(tried);
}

/** Return the response, or null if there is none. */
function post(url: string, form: FormData, { signal, onProgress }: UploadOptions): Promise<XMLHttpRequest | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.withCredentials = true;
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    };
    request.onload = () => resolve(request);
    request.onerror = request.onabort = () => resolve(null);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

function answered(answer: XMLHttpRequest, url: string, attempts: number, ms: number): Answered {
  return { backend: `:${new URL(url).port}`, worker: answer.getResponseHeader("X-Backend") ?? "", attempts, ms, path: "/documents" };
}

function parse(request: XMLHttpRequest): Schemas["DocumentCreated"] {
  if (request.status >= 200 && request.status < 300) return JSON.parse(request.responseText) as Schemas["DocumentCreated"];
  throw new ApiError({ title: request.statusText, ...read(request.responseText), status: request.status });
}

function read(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return {};
  }
}
