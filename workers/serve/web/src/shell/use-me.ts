import { useCallback, useEffect, useState } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { type ApiError, asApiError, isAbort } from "../api/error.ts";
import type { Me } from "../api/types.ts";

/** Who this key is. Asked again when another key is entered. */
export function useMe(client: Client): { me: Me | null; error: ApiError | null; again: () => void } {
  const [me, setMe] = useState<Me | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    client.me(abort.signal).then(
      (answer) => {
        setMe(answer);
        setError(null);
      },
      (cause: unknown) => {
        if (!isAbort(cause)) setError(asApiError(cause));
      },
    );
    return () => abort.abort();
  }, [client, turn]);
  useEffect(() => {
    let key = client.keyring.key;
    return client.keyring.listen(() => {
      if (client.keyring.key === key) return;
      key = client.keyring.key;
      again();
    });
  }, [client, again]);
  return { me, error, again };
}
