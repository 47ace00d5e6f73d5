import { useCallback, useReducer, useRef, useState } from "preact/hooks";

import type { Client } from "../api/client.ts";
import { type ApiError, asApiError } from "../api/error.ts";

export interface Upload {
  id: number;
  key: string;
  state: "waiting" | "sending" | "accepted" | "failed";
  error: ApiError | null;
}

type Change = { add: Upload[] } | { id: number; state: Upload["state"]; error?: ApiError } | "clear";

function reduce(uploads: Upload[], change: Change): Upload[] {
  if (change === "clear") return uploads.filter((upload) => upload.state === "waiting" || upload.state === "sending");
  if ("add" in change) return [...uploads, ...change.add];
  return uploads.map((upload) => (upload.id === change.id ? { ...upload, state: change.state, error: change.error ?? null } : upload));
}

interface Item {
  key: string;
  file: File;
}

export interface Uploads {
  uploads: Upload[];
  /** The keys that have an object already, while the reader has not said whether to replace it. */
  replacing: string[];
  offer(folder: string, files: File[]): void;
  replace(yes: boolean): void;
  clear(): void;
}

/** Uploads one after the other: the bytes share one line anyway, and one that fails leaves the others in order. */
export function useUploads(client: Client, accepted: () => void): Uploads {
  const [uploads, change] = useReducer(reduce, []);
  const [held, setHeld] = useState<{ items: Item[]; replacing: string[] } | null>(null);
  const last = useRef(0);
  const line = useRef<Promise<void>>(Promise.resolve());
  const begin = useCallback(
    (items: Item[]) => {
      const jobs = items.map((item) => ({ ...item, id: (last.current += 1) }));
      change({ add: jobs.map(({ id, key }) => ({ id, key, state: "waiting", error: null })) });
      for (const { id, key, file } of jobs) {
        line.current = line.current.then(async () => {
          change({ id, state: "sending" });
          try {
            await client.upload(key, file);
            change({ id, state: "accepted" });
            accepted();
          } catch (cause) {
            change({ id, state: "failed", error: asApiError(cause) });
          }
        });
      }
    },
    [client, accepted],
  );
  const offer = useCallback(
    async (folder: string, files: File[]) => {
      const items = files.map((file) => ({ key: folder + file.name, file }));
      const replacing = await existing(client, items);
      if (replacing.length > 0) setHeld({ items, replacing });
      else begin(items);
    },
    [client, begin],
  );
  const replace = (yes: boolean): void => {
    if (held && yes) begin(held.items);
    setHeld(null);
  };
  return { uploads, replacing: held?.replacing ?? [], offer: (folder, files) => void offer(folder, files), replace, clear: () => change("clear") };
}

/** Which of the keys are taken. When the list cannot be read, the upload itself will say what is wrong. */
async function existing(client: Client, items: Item[]): Promise<string[]> {
  const taken: string[] = [];
  for (const { key } of items) {
    try {
      const { documents } = await client.documents(key, null);
      if (documents.some((row) => row.key === key && row.state !== "removed")) taken.push(key);
    } catch {
      return taken;
    }
  }
  return taken;
}
