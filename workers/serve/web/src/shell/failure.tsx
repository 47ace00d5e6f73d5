import type { ApiError } from "../api/error.ts";
import { type Key, strings } from "../words/strings.ts";
import { useShell } from "./context.ts";

/** An error: its kind in the reader's language, then the server's own words, which say what to do. */
export function Failure({ error, again }: { error: ApiError; again?: () => void }) {
  const { say, client } = useShell();
  return (
    <div class="notice bad" role="alert">
      <strong>{say(titleOf(error.type))}</strong>
      {error.message && <p>{error.message}</p>}
      {(error.field ?? error.requestId) && (
        <p class="small">
          {error.field && <span>{say("error.field", { field: error.field })} </span>}
          {error.requestId && <code>{say("error.request", { id: error.requestId })}</code>}
        </p>
      )}
      <p class="actions">
        {again && (
          <button type="button" onClick={again}>
            {say("shell.retry")}
          </button>
        )}
        {error.status === 401 && (
          <button type="button" onClick={() => void client.keyring.open().then((given) => given && again?.())}>
            {say("shell.key.enter")}
          </button>
        )}
      </p>
    </div>
  );
}

// A newer server may know kinds of error that this page does not.
function titleOf(type: string): Key {
  const key = `error.${type}`;
  return key in strings ? (key as Key) : "error.internal";
}
