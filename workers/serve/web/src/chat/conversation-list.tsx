import { useRef, useState } from "preact/hooks";

import { Dialog } from "../shell/dialog.tsx";
import { useShell } from "../shell/context.ts";
import type { Conversation } from "./conversation.ts";
import { ConversationEntry } from "./conversation-entry.tsx";
import type { Conversations } from "./use-conversations.ts";

interface Properties {
  conversations: Conversations;
  /** Begins another one, and goes to where it is asked. */
  begin(): void;
  toQuestion(): void;
}

/** The conversations that the browser keeps, folded away above the one that is shown. */
export function ConversationList({ conversations, begin, toQuestion }: Properties) {
  const { say } = useShell();
  const { all, current } = conversations;
  const summary = useRef<HTMLElement>(null);
  const [leaving, setLeaving] = useState<Conversation | null>(null);
  const remove = (conversation: Conversation): void => {
    conversations.remove(conversation);
    setLeaving(null);
    // What had the focus is gone, and with the last conversation the list is, too.
    setTimeout(() => (summary.current ? summary.current.focus() : toQuestion()));
  };
  if (all.length === 0) return null;
  return (
    <details class="conversations">
      <summary ref={summary}>{say("chat.conversations", { count: all.length })}</summary>
      <p class="actions">
        <button type="button" onClick={begin}>
          {say("chat.new")}
        </button>
      </p>
      <ul>
        {all.map((conversation) => (
          <ConversationEntry
            key={conversation.id}
            conversation={conversation}
            shown={conversation.id === current?.id}
            open={() => conversations.open(conversation)}
            rename={(name) => conversations.rename(conversation, name)}
            remove={() => setLeaving(conversation)}
          />
        ))}
      </ul>
      <p class="faint">{say("chat.kept")}</p>
      {leaving && <Delete conversation={leaving} close={() => setLeaving(null)} remove={() => remove(leaving)} />}
    </details>
  );
}

function Delete({ conversation, close, remove }: { conversation: Conversation; close(): void; remove(): void }) {
  const { say } = useShell();
  return (
    <Dialog title={say("chat.delete.title")} close={close}>
      <p class="names">
        <bdi>{conversation.name}</bdi>
      </p>
      <p>{say("chat.delete.why")}</p>
      <p class="actions">
        <button type="button" class="danger" onClick={remove}>
          {say("chat.delete")}
        </button>
        <button type="button" autofocus onClick={close}>
          {say("shell.cancel")}
        </button>
      </p>
    </Dialog>
  );
}
