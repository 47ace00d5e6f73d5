import type { Part } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { pathAndName } from "../words/figures.ts";
import type { Say } from "../words/locale.ts";

/** "page 3", "sheet 2 (Sales)". */
export function partLabel(part: Part, say: Say): string {
  const label = say(`part.${part.kind}`, { number: part.number });
  return part.name ? `${label} (${part.name})` : label;
}

/** An object's key: the way there is quiet, the name stands out. <bdi>: a right-to-left name must not reorder its surroundings. */
export function ObjectName({ document, title }: { document: string; title?: string | undefined }) {
  const { path, name } = pathAndName(document);
  return (
    <span class="object">
      {title && <bdi class="title">{title}</bdi>}
      <bdi class="key">
        <span class="path">{path}</span>
        <span class="name">{name}</span>
      </bdi>
    </span>
  );
}

export function Where({ headings, part }: { headings: string[]; part?: Part | undefined }) {
  const { say } = useShell();
  if (headings.length === 0 && !part) return null;
  return (
    <span class="where">
      {part && <span class="part">{partLabel(part, say)}</span>}
      {headings.length > 0 && <bdi class="headings">{headings.join(" › ")}</bdi>}
    </span>
  );
}
