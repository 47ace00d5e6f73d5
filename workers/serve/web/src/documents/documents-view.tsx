import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/error.ts";
import type { DocumentRow } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { Dialog } from "../shell/dialog.tsx";
import { Failure } from "../shell/failure.tsx";
import { DocumentTable } from "./document-table.tsx";
import { mayWrite } from "./key.ts";
import { UploadArea } from "./upload-area.tsx";
import { useList } from "./use-list.ts";
import { usePrefix } from "./use-prefix.ts";
import { useUploads } from "./use-uploads.ts";

/** How often the list is read again while something is on its way, and for how long after the last change. */
const EVERY = 3000;
const AFTER_CHANGE = 30_000;

export function DocumentsView({ active }: { active: boolean }) {
  const { say, client, me } = useShell();
  const prefix = usePrefix(active);
  const list = useList(client, prefix.applied, active);
  const [deleting, setDeleting] = useState<DocumentRow | null>(null);
  const [deleted, setDeleted] = useState<string | null>(null);
  const changed = useWatching(list.refresh, active, list.rows?.some((row) => row.state === "waiting" || row.state === "removed") ?? false);
  const uploads = useUploads(client, changed);
  const writes = mayWrite(me);
  const gone = (row: DocumentRow): void => {
    setDeleting(null);
    setDeleted(row.document);
    changed();
  };
  return (
    <>
      <h1 class="unseen">{say("nav.documents")}</h1>
      <div class="lead">
        <label class="field">
          <span>{say("documents.prefix")}</span>
          <input type="search" data-question name="prefix" spellcheck={false} autocapitalize="off" value={prefix.typed} onInput={(event) => prefix.type(event.currentTarget.value)} />
        </label>
        {writes && <UploadArea uploads={uploads} active={active} />}
        {me && !writes && <p class="faint">{say(me.bucket === null ? "documents.nobucket" : "documents.readonly")}</p>}
      </div>
      <p role="status" class={deleted ? "notice" : "unseen"}>
        {deleted && say("documents.deleted", { document: deleted })}
      </p>
      {list.error && <Failure error={list.error} again={list.refresh} />}
      {!list.rows && !list.error && <p class="faint">{say("shell.loading")}</p>}
      {list.rows?.length === 0 && <p class="faint none">{prefix.applied ? say("documents.none.prefix", { prefix: prefix.applied }) : say("documents.none")}</p>}
      {list.rows && list.rows.length > 0 && <DocumentTable rows={list.rows} remove={writes ? setDeleting : null} />}
      {list.rows && list.rows.length > 0 && <Foot list={list} />}
      {deleting && <Delete row={deleting} close={() => setDeleting(null)} done={gone} />}
    </>
  );
}

function Foot({ list }: { list: ReturnType<typeof useList> }) {
  const { say } = useShell();
  const count = list.rows?.length ?? 0;
  return (
    <p class="foot">
      <span class="faint">{say(list.more ? "documents.count.more" : "documents.count", { count })}</span>
      {list.more && (
        <button type="button" disabled={list.busy} onClick={list.next}>
          {say("documents.more")}
        </button>
      )}
    </p>
  );
}

/** Reads the list again while documents are on their way. The function returned says that one has just been changed. */
function useWatching(refresh: () => void, active: boolean, moving: boolean): () => void {
  const until = useRef(0);
  const newest = useRef(refresh);
  newest.current = refresh;
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => {
      if (!document.hidden && (moving || Date.now() < until.current)) newest.current();
    }, EVERY);
    return () => clearInterval(timer);
  }, [active, moving]);
  return useCallback(() => {
    until.current = Date.now() + AFTER_CHANGE;
    newest.current();
  }, []);
}

interface DeleteProperties {
  row: DocumentRow;
  close(): void;
  done(row: DocumentRow): void;
}

function Delete({ row, close, done }: DeleteProperties) {
  const { say, client } = useShell();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const go = (): void => {
    setBusy(true);
    client.remove(row.key).then(
      () => done(row),
      (cause: unknown) => {
        setBusy(false);
        setError(asApiError(cause));
      },
    );
  };
  return (
    <Dialog title={say("documents.delete.title")} close={close}>
      <p class="names">
        <bdi class="key">{row.document}</bdi>
      </p>
      <p>{say("documents.delete.why")}</p>
      {error && <Failure error={error} />}
      <p class="actions">
        <button type="button" class="danger" disabled={busy} onClick={go}>
          {say("documents.delete")}
        </button>
        <button type="button" autofocus onClick={close}>
          {say("shell.cancel")}
        </button>
      </p>
    </Dialog>
  );
}
