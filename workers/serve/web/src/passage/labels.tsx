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

/** What without a heading above it stands under the title; that is shown already. */
export function below(headings: string[], title: string | undefined): string[] {
  return headings.length === 1 && headings[0] === title ? [] : headings;
}

export function Where({ headings, title, part }: { headings: string[]; title?: string | undefined; part?: Part | undefined }) {
  const { say } = useShell();
  const shown = below(headings, title);
  if (shown.length === 0 && !part) return null;
  return (
    <span class="where">
      {part && <span class="part">{partLabel(part, say)}</span>}
      {shown.length > 0 && <bdi class="headings">{shown.join(" › ")}</bdi>}
    </span>
  );
}
