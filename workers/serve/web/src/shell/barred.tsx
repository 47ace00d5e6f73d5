import { useShell } from "./context.ts";

/** Instead of a view that the key may not see. */
export function Barred({ why }: { why: string }) {
  const { say, client } = useShell();
  return (
    <div class="notice">
      <p>{why}</p>
      <p class="actions">
        <button type="button" onClick={() => void client.keyring.open()}>
          {say("shell.key.change")}
        </button>
      </p>
    </div>
  );
}
