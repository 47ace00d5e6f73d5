import { useState } from "preact/hooks";

import { useShell } from "../shell/context.ts";
import { momentOf } from "../words/figures.ts";
import { type Conversation, markdown } from "./conversation.ts";
import type { Conversations } from "./use-conversations.ts";

/** The conversations that the browser keeps, folded away above the one that is shown. */
export function ConversationList({ conversations }: { conversations: Conversations }) {
  const { say } = useShell();
  const { all, current } = conversations;
  if (all.length === 0) return null;
  return (
    <details class="conversations">
      <summary>{say("chat.conversations", { count: all.length })}</summary>
      <p class="actions">
        <button type="button" onClick={conversations.begin}>
          {say("chat.new")}
        </button>
      </p>
      <ul>
        {all.map((conversation) => (
          <Entry key={conversation.id} conversation={conversation} shown={conversation.id === current?.id} conversations={conversations} />
        ))}
      </ul>
      <p class="faint">{say("chat.kept")}</p>
    </details>
  );
}

interface Properties {
  conversation: Conversation;
  shown: boolean;
  conversations: Conversations;
}

function Entry({ conversation, shown, conversations }: Properties) {
  const { say, tag } = useShell();
  const [name, setName] = useState<string | null>(null);
  const [sure, setSure] = useState(false);
  const rename = (event: Event): void => {
    event.preventDefault();
    if (name?.trim()) conversations.rename(conversation, name.trim());
    setName(null);
  };
  if (name !== null) {
    return (
      <li>
        <form class="rename" onSubmit={rename}>
          <input aria-label={say("chat.name")} value={name} maxLength={120} autofocus onInput={(event) => setName(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && setName(null)} />
          <button type="submit">{say("chat.rename")}</button>
        </form>
      </li>
    );
  }
  return (
    <li>
      <button type="button" class="link name" aria-current={shown ? "true" : undefined} dir="auto" onClick={() => conversations.open(conversation)}>
        {conversation.name}
      </button>
      <span class="faint">{momentOf(conversation.at / 1000, tag)}</span>
      <span class="actions">
        <button type="button" class="link" onClick={() => setName(conversation.name)}>
          {say("chat.rename")}
        </button>
        <a class="link" download={`${fileName(conversation.name)}.md`} href={`data:text/markdown;charset=utf-8,${encodeURIComponent(markdown(conversation))}`}>
          {say("chat.export")}
        </a>
        <button type="button" class="link" onClick={() => (sure ? conversations.remove(conversation) : setSure(true))} onBlur={() => setSure(false)}>
          {sure ? say("chat.delete.sure") : say("chat.delete")}
        </button>
      </span>
    </li>
  );
}

function fileName(name: string): string {
  return name.replace(/[\\/:*?"<>|\s]+/g, " ").trim().slice(0, 60) || "conversation";
}
