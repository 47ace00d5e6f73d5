import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { useShell } from "../shell/context.ts";
import { momentOf } from "../words/figures.ts";
import type { Key } from "../words/strings.ts";
import { type Conversation, markdown } from "./conversation.ts";

interface Properties {
  conversation: Conversation;
  shown: boolean;
  open(): void;
  rename(name: string): void;
  remove(): void;
}

/** One conversation of the list, and what can be done with it. */
export function ConversationEntry({ conversation, shown, open, rename, remove }: Properties) {
  const { say, tag } = useShell();
  const [naming, setNaming] = useState(false);
  const renamer = useRef<HTMLButtonElement>(null);
  const wasNaming = useRef(false);
  useLayoutEffect(() => {
    // The field that had the focus is gone.
    if (wasNaming.current && !naming) renamer.current?.focus();
    wasNaming.current = naming;
  }, [naming]);
  const done = (name: string): void => {
    if (name !== "") rename(name);
    setNaming(false);
  };
  if (naming) {
    return (
      <li>
        <Naming name={conversation.name} done={done} close={() => setNaming(false)} />
      </li>
    );
  }
  // To the ear, too, each button is one of a certain conversation.
  const labelled = (act: Key) => ({ "aria-label": say("chat.act.of", { act: say(act), name: conversation.name }) });
  return (
    <li>
      <button type="button" class="link name" aria-current={shown ? "true" : undefined} dir="auto" onClick={open}>
        {conversation.name}
      </button>
      <span class="faint">{momentOf(conversation.at / 1000, tag)}</span>
      <span class="actions">
        <button type="button" class="link" ref={renamer} {...labelled("chat.rename")} onClick={() => setNaming(true)}>
          {say("chat.rename")}
        </button>
        <button type="button" class="link" {...labelled("chat.export")} onClick={() => save(conversation)}>
          {say("chat.export")}
        </button>
        <button type="button" class="link danger" {...labelled("chat.delete")} onClick={remove}>
          {say("chat.delete")}
        </button>
      </span>
    </li>
  );
}

function Naming({ name, done, close }: { name: string; done(name: string): void; close(): void }) {
  const { say } = useShell();
  const [text, setText] = useState(name);
  const field = useRef<HTMLInputElement>(null);
  // The browser minds `autofocus` only while a page loads and in dialogs.
  useLayoutEffect(() => field.current?.select(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    done(text.trim());
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.isComposing) return;
    // The open document stays open.
    event.preventDefault();
    close();
  };
  return (
    <form class="rename" onSubmit={submit} onKeyDown={pressed}>
      <input type="text" ref={field} aria-label={say("chat.name")} value={text} maxLength={120} autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit">{say("chat.rename")}</button>
      <button type="button" onClick={close}>
        {say("shell.cancel")}
      </button>
    </form>
  );
}

/** Made when it is asked for: as addresses in the list, all conversations would be written out with each word that arrives. */
function save(conversation: Conversation): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([markdown(conversation)], { type: "text/markdown;charset=utf-8" }));
  link.download = `${fileName(conversation.name)}.md`;
  link.click();
  // Not at once: some browsers begin to read it only after this.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function fileName(name: string): string {
  return name.replace(/[\\/:*?"<>|\s]+/g, " ").trim().slice(0, 60) || "conversation";
}
