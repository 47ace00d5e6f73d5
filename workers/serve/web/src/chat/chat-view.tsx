import { useLayoutEffect, useRef } from "preact/hooks";

import { useShell } from "../shell/context.ts";
import { Composer } from "./composer.tsx";
import { ConversationList } from "./conversation-list.tsx";
import { TurnView } from "./turn-view.tsx";
import { useConversations } from "./use-conversations.ts";
import { type Turns, useTurns } from "./use-turns.ts";

export function ChatView() {
  const { say, client, me } = useShell();
  const turns = useTurns(client);
  const conversations = useConversations(me, turns);
  const scroller = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const toQuestion = (): void => field.current?.focus();
  const begin = (): void => {
    conversations.begin();
    toQuestion();
  };
  useNewestOnTop(scroller, turns.turns.length);
  return (
    <>
      <div class="scroller" ref={scroller}>
        <h1 class="unseen">{say("nav.chat")}</h1>
        <ConversationList conversations={conversations} begin={begin} toQuestion={toQuestion} />
        {turns.turns.length === 0 && (
          <div class="welcome">
            <p class="headline">{say("chat.title")}</p>
            <p>{say("chat.intro")}</p>
          </div>
        )}
        <div role="log" aria-live="off" aria-label={say("chat.log")}>
          {turns.turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} again={() => turns.put(turn.question)} />
          ))}
        </div>
      </div>
      <Progress turns={turns} />
      <Composer turns={turns} field={field} begin={begin} />
    </>
  );
}

/** For screen readers: what happens, not each word as it arrives. */
function Progress({ turns }: { turns: Turns }) {
  const { say } = useShell();
  const last = turns.turns[turns.turns.length - 1];
  let words = "";
  if (last?.phase === "looking") words = say("chat.looking");
  if (last?.phase === "writing") words = say("chat.writing");
  if (last?.phase === "stopped") words = say("chat.stopped");
  if (last?.phase === "done") words = last.answer?.found === false ? say("chat.nothing") : say("chat.done", { count: last.citations.length });
  return (
    <p class="unseen" role="status">
      {words}
    </p>
  );
}

/**
 * A new question comes to the top, and nothing moves after that: a text that runs away under the reader's eyes while it grows is
 * harder to read than one that has to be scrolled.
 */
function useNewestOnTop(scroller: { current: HTMLDivElement | null }, count: number): void {
  const seen = useRef(count);
  useLayoutEffect(() => {
    if (count > seen.current) scroller.current?.querySelector("[role=log] > :last-child")?.scrollIntoView({ block: "start" });
    seen.current = count;
  }, [scroller, count]);
}
