import type { Client } from "./client.ts";
import { ApiError, errorOf } from "./error.ts";
import { eventsOf } from "./sse.ts";
import type { Answer, Question, Said, Sources } from "./types.ts";

export interface Listener {
  sources(sources: Sources): void;
  delta(text: string): void;
  done(answer: Answer): void;
}

/** Asks, within the conversation so far, and tells the listener what comes, in order. Ends after `done`, or throws. */
export async function ask(client: Client, question: Question, history: Said[], listener: Listener, signal: AbortSignal): Promise<void> {
  const response = await client.send("/v1/ask", {
    method: "POST",
    body: JSON.stringify({ ...question, ...(history.length > 0 ? { history } : {}), stream: true }),
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    signal,
  });
  // A server or proxy that does not stream gives the whole answer at once.
  if (!response.body || response.headers.get("content-type")?.startsWith("application/json")) {
    listener.done((await response.json()) as Answer);
    return;
  }
  for await (const { event, data } of eventsOf(response.body)) {
    if (event === "sources") listener.sources(JSON.parse(data) as Sources);
    else if (event === "delta") listener.delta((JSON.parse(data) as { text: string }).text);
    else if (event === "error") throw errorOf(0, data, response.headers.get("x-request-id"));
    else if (event === "done") {
      listener.done(JSON.parse(data) as Answer);
      return;
    }
  }
  throw new ApiError("cut_off", "");
}
