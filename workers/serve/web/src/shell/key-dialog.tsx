import { useEffect, useState } from "preact/hooks";

import { type Keyring, sendable } from "../api/keyring.ts";
import { useShell } from "./context.ts";
import { Dialog } from "./dialog.tsx";

export function KeyDialog({ keyring }: { keyring: Keyring }) {
  const [asking, setAsking] = useState(keyring.asking);
  useEffect(() => {
    setAsking(keyring.asking);
    return keyring.listen(() => setAsking(keyring.asking));
  }, [keyring]);
  return asking ? <Asking keyring={keyring} refused={asking.refused} /> : null;
}

function Asking({ keyring, refused }: { keyring: Keyring; refused: boolean }) {
  const { say } = useShell();
  const [key, setKey] = useState("");
  const [invalid, setInvalid] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = key.trim();
    if (sendable(given)) keyring.give(given);
    else setInvalid(true);
  };
  const complaint = invalid ? say("key.invalid") : refused ? say("key.refused") : null;
  return (
    <Dialog title={say("key.title")} close={() => keyring.cancel()}>
      <form onSubmit={submit}>
        <p>{say("key.why")}</p>
        <label class="field">
          <span>{say("key.label")}</span>
          <input type="password" name="key" autocomplete="off" spellcheck={false} autofocus value={key} aria-invalid={complaint !== null} aria-describedby="key-complaint" onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <p id="key-complaint" class="complaint" role="status">
          {complaint}
        </p>
        <p class="actions">
          <button type="submit" class="primary">
            {say("key.use")}
          </button>
          <button type="button" onClick={() => keyring.cancel()}>
            {say("shell.cancel")}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
