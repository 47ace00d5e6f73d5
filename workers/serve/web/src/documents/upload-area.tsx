import { useEffect, useState } from "preact/hooks";

import { useShell } from "../shell/context.ts";
import { Dialog } from "../shell/dialog.tsx";
import { firstFolder, folderOf } from "./key.ts";
import type { Upload, Uploads } from "./use-uploads.ts";

interface Properties {
  uploads: Uploads;
  active: boolean;
}

export function UploadArea({ uploads, active }: Properties) {
  const { say, me } = useShell();
  const [typed, setTyped] = useState<string | null>(null);
  const folder = folderOf(typed ?? firstFolder(me));
  const over = useDropping(active, (files) => uploads.offer(folder, files));
  const choose = (event: { currentTarget: HTMLInputElement }): void => {
    uploads.offer(folder, [...(event.currentTarget.files ?? [])]);
    // Emptied, so that choosing the same file again is a change as well.
    event.currentTarget.value = "";
  };
  return (
    <div class="upload">
      <label class="field">
        <span>{say("upload.folder")}</span>
        <span class="with-bucket">
          <bdi>{me?.bucket}/</bdi>
          <input type="text" name="folder" spellcheck={false} autocapitalize="off" value={typed ?? firstFolder(me)} onInput={(event) => setTyped(event.currentTarget.value)} />
        </span>
      </label>
      <label class="file button primary">
        {say("upload.choose")}
        <input type="file" multiple onChange={choose} />
      </label>
      <span class="faint hint">{say("upload.drop")}</span>
      {over && (
        <div class="drop-here" aria-hidden="true">
          <p>{say("upload.release", { folder: `${me?.bucket ?? ""}/${folder}` })}</p>
        </div>
      )}
      {uploads.uploads.length > 0 && <UploadList uploads={uploads} />}
      {uploads.replacing.length > 0 && <Replace uploads={uploads} />}
    </div>
  );
}

/** Files may be dropped anywhere on the page; without this the browser would leave the page and show the file. */
function useDropping(active: boolean, drop: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!active) return;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const dragged = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const left = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const dropped = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      if (!document.querySelector("dialog[open]")) drop(filesOf(event.dataTransfer));
    };
    addEventListener("dragover", dragged);
    addEventListener("dragleave", left);
    addEventListener("drop", dropped);
    return () => {
      removeEventListener("dragover", dragged);
      removeEventListener("dragleave", left);
      removeEventListener("drop", dropped);
    };
  }, [active, drop]);
  return active && over;
}

/** A dropped folder looks like a file that cannot be read, so folders are left out here. */
function filesOf(transfer: DataTransfer | null): File[] {
  const files: File[] = [];
  for (const item of transfer?.items ?? []) {
    const file = item.kind === "file" && !item.webkitGetAsEntry()?.isDirectory ? item.getAsFile() : null;
    if (file) files.push(file);
  }
  return files;
}

function UploadList({ uploads }: { uploads: Uploads }) {
  const { say } = useShell();
  return (
    <section class="uploads" aria-label={say("upload.list")}>
      <ul role="status">
        {uploads.uploads.map((upload) => (
          <UploadRow key={upload.id} upload={upload} />
        ))}
      </ul>
      <button type="button" class="link" onClick={uploads.clear}>
        {say("upload.clear")}
      </button>
    </section>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const { say } = useShell();
  return (
    <li data-upload={upload.state}>
      <bdi class="key">{upload.key}</bdi> <span class={`state ${upload.state}`}>{say(`upload.state.${upload.state}`)}</span>
      {upload.error && <span class="cause"> {upload.error.message}</span>}
    </li>
  );
}

function Replace({ uploads }: { uploads: Uploads }) {
  const { say } = useShell();
  return (
    <Dialog title={say("upload.replace.title", { count: uploads.replacing.length })} close={() => uploads.replace(false)}>
      <ul class="names">
        {uploads.replacing.map((key) => (
          <li key={key}>
            <bdi class="key">{key}</bdi>
          </li>
        ))}
      </ul>
      <p>{say("upload.replace.why")}</p>
      <p class="actions">
        <button type="button" class="danger" onClick={() => uploads.replace(true)}>
          {say("upload.replace.go")}
        </button>
        <button type="button" autofocus onClick={() => uploads.replace(false)}>
          {say("shell.cancel")}
        </button>
      </p>
    </Dialog>
  );
}
