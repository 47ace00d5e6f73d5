import { useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/error.ts";
import type { GenerationList } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Dialog } from "../shell/dialog.tsx";
import { Failure } from "../shell/failure.tsx";
import type { Wish } from "./generation-list.tsx";

interface Properties {
  wish: Wish;
  list: GenerationList | null;
  close(): void;
  done(): void;
}

/** Says what will happen, and does it. */
export function GenerationDialog({ wish: { generation, change }, list, close, done }: Properties) {
  const { say, client } = useShell();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const go = (): void => {
    setBusy(true);
    setError(null);
    client.changeGeneration(generation.id, change).then(done, (cause: unknown) => {
      setBusy(false);
      setError(asApiError(cause));
    });
  };
  const kind = change === "promote" && generation.previous ? "rollback" : change;
  const served = list?.generations.find((one) => one.served);
  return (
    <Dialog title={say(`generations.${kind}.title`)} close={close}>
      <p class="names">
        <strong>{generation.model}</strong> <code>{generation.id}</code>
      </p>
      <p>{say(`generations.${kind}.why`, { served: served ? `${served.model} (${served.id})` : "–" })}</p>
      {error && <Failure error={error} />}
      <p class="actions">
        <button type="button" class="primary" disabled={busy} onClick={go}>
          {say(`generations.${kind}`)}
        </button>
        <button type="button" autofocus onClick={close}>
          {say("shell.cancel")}
        </button>
      </p>
    </Dialog>
  );
}
