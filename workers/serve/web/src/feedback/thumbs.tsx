import { useId, useState } from "preact/hooks";

import type { ApiError } from "../api/error.ts";
import { useShell } from "../shell/context.ts";
import { Thumb } from "../shell/icons.tsx";
import { pressed } from "./judging.ts";
import { useJudging } from "./use-judging.ts";

interface Properties {
  /** The answer's name. */
  answer: string;
  /** One of its passages; without one the answer as a whole is meant. */
  passage?: { id: string; number: number };
}

/** Two thumbs, of which at most one is pressed; who presses the lower one is asked why, and need not say. */
export function Thumbs({ answer, passage }: Properties) {
  const { say, client } = useShell();
  const [judging, send] = useJudging(client, answer, passage?.id);
  const [asks, setAsks] = useState(false);
  const press = (thumb: "up" | "down"): void => {
    const judgement = pressed(judging, thumb);
    setAsks(judgement === "down");
    send(judgement);
  };
  const words = (thumb: "up" | "down"): string => (passage ? say(`feedback.passage.${thumb}`, { number: passage.number }) : say(`feedback.${thumb}`));
  return (
    <div class="feedback" role="group" aria-label={passage ? say("feedback.passage", { number: passage.number }) : say("feedback.label")}>
      {(["up", "down"] as const).map((thumb) => (
        <button key={thumb} type="button" class="quiet icon thumb" data-thumb={thumb} aria-pressed={judging.shown === thumb} aria-label={words(thumb)} title={words(thumb)} onClick={() => press(thumb)}>
          <Thumb down={thumb === "down"} />
        </button>
      ))}
      <span class="outcome" role="status">
        {judging.settled && judging.kept !== "none" && say("feedback.kept")}
      </span>
      {judging.error && <NotKept error={judging.error} />}
      {asks && judging.shown === "down" && (
        <Reason
          send={(reason) => {
            setAsks(false);
            send("down", reason);
          }}
          close={() => setAsks(false)}
        />
      )}
    </div>
  );
}

function NotKept({ error }: { error: ApiError }) {
  const { say } = useShell();
  return (
    <span class="warn" role="alert">
      {say("feedback.failed", { message: error.message || say("error.network") })}
    </span>
  );
}

/** As long as the server takes it. */
const LONGEST = 500;

function Reason({ send, close }: { send(reason: string): void; close(): void }) {
  const { say } = useShell();
  const [text, setText] = useState("");
  const field = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === "") close();
    else send(text.trim());
  };
  return (
    <form class="reason" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && close()}>
      <label for={field}>{say("feedback.reason")}</label>
      <input id={field} name="reason" type="text" maxLength={LONGEST} autocomplete="off" aria-describedby={`${field}-note`} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" disabled={text.trim() === ""}>
        {say("feedback.send")}
      </button>
      <span id={`${field}-note`} class="faint">
        {say("feedback.note")}
      </span>
    </form>
  );
}
