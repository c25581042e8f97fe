/** The body of an error (RFC 9457). */
export interface Problem {
  title: string;
  status: number;
  detail?: string;
  fix?: string;
  errors?: { detail: string; pointer?: string; parameter?: string }[];
}

/** A backend responded with an error. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
    this.status = problem.status;
    this.problem = problem;
  }
}

/** No backend responded. `tried` contains the reason for each. */
export class ClusterDown extends Error {
  override readonly name = "ClusterDown";
  readonly tried: readonly string[];

  constructor(tried: readonly string[]) {
    super(`no backend answered: ${tried.join("; ")}`);
    this.tried = tried;
  }
}

/** A request that may not be repeated got no response; whether it was executed is unknown. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";

  constructor(backend: string, why: string) {
    super(`${backend} gave no answer: ${why}`);
  }
}

/** Return the error for a response that is not 2xx. */
export function apiError(response: Response, body: unknown): ApiError {
  const problem = typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
  return new ApiError({ ...problem, title: problem.title ?? (response.statusText || `HTTP ${response.status}`), status: response.status });
}
