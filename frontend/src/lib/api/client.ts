/** The typed client. `unwrap(api.GET("/search", { params, signal }))` returns the data or throws ApiError, ClusterDown or Unanswered. */

import createClient from "openapi-fetch";
import { cluster } from "../backends";
import { answeredBy, type Answered } from "../cluster";
import { apiError } from "../problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Placeholder: the cluster replaces the host with a backend's. */
export const api = createClient<paths>({ baseUrl: "http://cluster.invalid", fetch: (request) => cluster.fetch(request) });

interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Return the data of a request. */
export async function unwrap<Data>(call: Promise<Result<Data>>): Promise<Data> {
  return (await unwrapWith(call)).data;
}

/** Return the data of a request, the backend that answered, and the response headers. */
export async function unwrapWith<Data>(call: Promise<Result<Data>>): Promise<{ data: Data; by: Answered | null; headers: Headers }> {
  const { data, error, response } = await call;
  if (!response.ok) throw apiError(response, error);
  return { data: data as Data, by: answeredBy(response), headers: response.headers };
}

/** `fetch` with a longer time limit: `api.POST("/quantum/run", { body, fetch: within(600_000) })`. */
export function within(timeoutMs: number): (request: Request) => Promise<Response> {
  return (request) => cluster.fetch(request, timeoutMs);
}

/** Headers that allow a POST to be repeated on another backend, for calculations that change nothing. */
export function repeatable(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}
