/** What went wrong, in the words of the server where it gave any. */
export class ApiError extends Error {
  readonly type: string;
  readonly status: number;
  readonly field: string | undefined;
  readonly requestId: string | undefined;

  constructor(type: string, message: string, status = 0, field?: string, requestId?: string) {
    super(message);
    this.type = type;
    this.status = status;
    this.field = field;
    this.requestId = requestId;
  }
}

interface ErrorBody {
  error?: { type?: unknown; message?: unknown; field?: unknown; request_id?: unknown };
}

const typeOfStatus: Record<number, string> = {
  400: "question",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
  503: "unavailable",
  504: "timeout",
};

/** Reads an error's body. A proxy in between may have answered with something else than the contract's shape. */
export function errorOf(status: number, body: string, requestId: string | null): ApiError {
  let error: ErrorBody["error"];
  try {
    error = (JSON.parse(body) as ErrorBody | null)?.error;
  } catch {
    error = undefined;
  }
  const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
  const type = text(error?.type) ?? typeOfStatus[status] ?? "internal";
  const message = text(error?.message) ?? `HTTP ${status}`;
  return new ApiError(type, message, status, text(error?.field), text(error?.request_id) ?? requestId ?? undefined);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Whatever was thrown, as an ApiError: fetch throws a TypeError when there is no connection. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError) return new ApiError("network", error.message);
  return new ApiError("internal", error instanceof Error ? error.message : String(error));
}
