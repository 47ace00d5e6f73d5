import { ApiError, errorOf } from "./error.ts";
import type { Keyring } from "./keyring.ts";
import type { DocumentPage, Feedback, Filters, GenerationChange, GenerationList, Me, Mode, Pipeline, SearchAnswer, Training, WholeDocument } from "./types.ts";

export interface SearchOptions extends Filters {
  mode: Mode;
  size: number;
  fusion?: string;
}

/** Every request of the page. A 401 asks for a key and tries again, whichever request met it. */
export class Client {
  readonly keyring: Keyring;

  constructor(keyring: Keyring) {
    this.keyring = keyring;
  }

  me(signal?: AbortSignal): Promise<Me> {
    return this.json("/v1/me", signal);
  }

  search(q: string, options: SearchOptions, signal?: AbortSignal): Promise<SearchAnswer> {
    return this.json(`/v1/search?${query({ q, ...options, include: "highlights,place" })}`, signal);
  }

  documents(prefix: string, after: string | null, signal?: AbortSignal): Promise<DocumentPage> {
    return this.json(`/v1/documents?${query({ prefix, after: after ?? undefined })}`, signal);
  }

  document(document: string, signal?: AbortSignal): Promise<WholeDocument> {
    return this.json(`/v1/document?${query({ document })}`, signal);
  }

  pipeline(signal?: AbortSignal): Promise<Pipeline> {
    return this.json("/v1/pipeline", signal);
  }

  generations(signal?: AbortSignal): Promise<GenerationList> {
    return this.json("/v1/generations", signal);
  }

  training(signal?: AbortSignal): Promise<Training> {
    return this.json("/v1/training", signal);
  }

  async changeGeneration(id: string, change: GenerationChange): Promise<void> {
    const headers = { "content-type": "application/json" };
    await this.send(`/v1/generations/${encodeURIComponent(id)}/${change}`, { method: "POST", body: "{}", headers });
  }

  async judge(feedback: Feedback): Promise<void> {
    const headers = { "content-type": "application/json" };
    await this.send("/v1/feedback", { method: "POST", body: JSON.stringify(feedback), headers });
  }

  async upload(key: string, bytes: Blob): Promise<void> {
    // Without a type of its own, fetch would send the one the browser guessed from the name; formats are told by content.
    const headers = { "content-type": "application/octet-stream" };
    await this.send(`/v1/documents?${query({ key })}`, { method: "PUT", body: bytes, headers });
  }

  async remove(key: string): Promise<void> {
    await this.send(`/v1/documents?${query({ key })}`, { method: "DELETE" });
  }

  /** Sends and gives the answer when it is 2xx; everything else is thrown as an ApiError. */
  async send(path: string, init: RequestInit): Promise<Response> {
    for (;;) {
      const key = this.keyring.key;
      const headers = new Headers(init.headers);
      if (key !== null) headers.set("authorization", `Bearer ${key}`);
      const response = await fetch(path, { ...init, headers, cache: "no-store", credentials: "omit" });
      if (response.ok) return response;
      const error = errorOf(response.status, await response.text(), response.headers.get("x-request-id"));
      if (response.status !== 401 || !(await this.keyring.another(key))) throw error;
      init.signal?.throwIfAborted();
    }
  }

  private async json<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.send(path, signal ? { signal } : {});
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ApiError("internal", `${path.split("?")[0]}: ${error.message}`, response.status);
    }
  }
}

/** Names and values for an address; what is empty is left out, so that the server's own defaults hold. */
export function query(values: Record<string, string | number | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  return parameters.toString();
}
