/** One call to the backends, and what its answers mean. */

export interface ApiRequest {
  /** Path and query, beginning with "/". */
  path: string;
  method?: string;
  headers?: Headers;
  body?: BodyInit;
  signal?: AbortSignal;
  /** Milliseconds that one backend may take. */
  timeoutMs?: number;
}

/** Their 503 is an answer about services, not a refusal of the backend. */
const HEALTH = "/health/";
/** The same content is the same document, so this POST may be repeated. */
const DOCUMENTS = "/documents";
const REPEATABLE = ["GET", "HEAD", "PUT", "DELETE"];

/** Tell whether an answer should come soon, as no work is done for it that takes long. */
export function isReading({ method = "GET" }: ApiRequest): boolean {
  return REPEATABLE.includes(method);
}

/** Tell whether a call may be sent twice. */
export function isRepeatable(request: ApiRequest): boolean {
  const method = request.method ?? "GET";
  if (REPEATABLE.includes(method) || request.headers?.has("Idempotency-Key")) return true;
  return method === "POST" && request.path.split("?", 1)[0] === DOCUMENTS;
}

/** Tell whether a backend has refused for now. */
export function isBusy(response: Response, request: ApiRequest): boolean {
  return response.status === 503 && !request.path.startsWith(HEALTH);
}

/** Return how long it asks to be left alone. */
export function retryAfterMs(response: Response, otherwise: number): number {
  const header = response.headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : otherwise;
}

/** Return in few words what went wrong. */
export function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "TimeoutError" ? "did not answer in time" : error.message.toLowerCase();
}
