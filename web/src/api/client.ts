/** The API, typed by its OpenAPI document. Whatever the server refuses is thrown as an `ApiError`. */
import createClient, { type Middleware } from "openapi-fetch";
import type { ProblemDetails, paths } from "./schema";

/** Why a request was not carried out: the server's problem document, or what stands for one where there is none. */
export class ApiError extends Error {
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }
}

export const UNREACHABLE: ProblemDetails = {
  type: "about:blank",
  title: "The server cannot be reached",
  status: 0,
  code: "unreachable",
  detail: "The server did not answer.",
  hint: "It may be starting anew; what is shown here goes on by itself when it is back.",
  retryable: true,
};

async function readProblem(response: Response): Promise<ProblemDetails> {
  const requestId = response.headers.get("X-Request-ID") ?? "";
  try {
    const problem = (await response.json()) as ProblemDetails;
    if (typeof problem.detail === "string") return { ...problem, request_id: problem.request_id || requestId };
  } catch {
    // What stands between a browser and the server answers in pages of its own.
  }
  const detail = `The answer was ${response.status} ${response.statusText}`.trim();
  return {
    type: "about:blank",
    title: detail,
    status: response.status,
    code: "unknown",
    detail,
    request_id: requestId,
  };
}

/** A request that failed, for who looks into the server's log because of it. */
export interface FailedRequest {
  request: string;
  status: number;
  /** Empty where the server has given none. */
  requestId: string;
  at: Date;
}

let lastFailed: FailedRequest | null = null;

/** Returns the last request of this tab that failed; `null` where none has. */
export function findLastFailed(): FailedRequest | null {
  return lastFailed;
}

function note(request: Request, status: number, requestId: string): void {
  lastFailed = { request: `${request.method} ${new URL(request.url).pathname}`, status, requestId, at: new Date() };
}

const throwProblems: Middleware = {
  async onResponse({ request, response }) {
    if (response.ok) return;
    const problem = await readProblem(response);
    note(request, response.status, problem.request_id ?? "");
    throw new ApiError(problem);
  },
  onError({ request }) {
    note(request, 0, "");
    return new ApiError(UNREACHABLE);
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(throwProblems);

/** Returns what a request answered with; a refusal has been thrown already. */
export async function got<T>(request: Promise<{ data?: T }>): Promise<T> {
  const { data } = await request;
  return data as T;
}

/** Tells whether an error means that nobody is signed in, or not any more. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
