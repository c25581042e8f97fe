/** One request to the backends, and how to interpret its response. */

export interface ApiRequest {
  /** Path and query, starting with "/". */
  path: string;
  method?: string;
  headers?: Headers;
  body?: BodyInit;
  signal?: AbortSignal;
  /** Time limit per backend in milliseconds. */
  timeoutMs?: number;
}

/** A 503 on these paths reports the state of services; it is not a refusal. */
const HEALTH = "/health/";
/** The same content is the same document, so this POST may be repeated. */
const DOCUMENTS = "/documents";
const REPEATABLE = ["GET", "HEAD", "PUT", "DELETE"];

/** Return whether a request is a quick read with the short time limit. */
export function isReading({ method = "GET" }: ApiRequest): boolean {
  return REPEATABLE.includes(method);
}

/** Return whether a request may be sent twice. */
export function isRepeatable(request: ApiRequest): boolean {
  const method = request.method ?? "GET";
  if (REPEATABLE.includes(method) || request.headers?.has("Idempotency-Key")) return true;
  return method === "POST" && request.path.split("?", 1)[0] === DOCUMENTS;
}

/** Return whether a backend refuses requests for now. */
export function isBusy(response: Response, request: ApiRequest): boolean {
  return response.status === 503 && !request.path.startsWith(HEALTH);
}

/** Return the Retry-After time in milliseconds. */
export function retryAfterMs(response: Response, otherwise: number): number {
  const header = response.headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : otherwise;
}

/** Return a short description of an error. */
export function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "TimeoutError" ? "did not answer in time" : error.message.toLowerCase();
}
