import type { DocumentRow } from "../api/types.ts";
import { ObjectName } from "../passage/labels.tsx";
import { useShell } from "../shell/context.ts";
import { bytes, moment } from "../words/figures.ts";

interface Properties {
  rows: DocumentRow[];
  remove: ((row: DocumentRow) => void) | null;
}

const columns = ["document", "state", "format", "language", "chunks", "size", "modified"] as const;
const figures: readonly string[] = ["chunks", "size"];

export function DocumentTable({ rows, remove }: Properties) {
  const { say } = useShell();
  return (
    <table class="documents-table">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" class={figures.includes(column) ? "figure" : undefined}>
              {say(`documents.column.${column}`)}
            </th>
          ))}
          {remove && (
            <th scope="col">
              <span class="unseen">{say("documents.column.actions")}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.document} row={row} remove={remove} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, remove }: { row: DocumentRow; remove: Properties["remove"] }) {
  const { say, tag, open, route } = useShell();
  const shown = route.open?.document === row.document;
  return (
    <tr data-state={row.state} aria-current={shown ? "true" : undefined}>
      <th scope="row" class="document">
        <button type="button" class="open" onClick={() => open(row.document)}>
          <ObjectName document={row.document} title={row.title} />
        </button>
        {row.cause && <p class="cause">{row.cause}</p>}
        <LeftOut row={row} />
      </th>
      <td class="state-cell">
        <span class={`state ${row.state}`}>{say(`documents.state.${row.state}`)}</span>
      </td>
      <td class="format">{row.format}</td>
      <td class="language">{row.language}</td>
      <td class="figure chunks" data-unit={say("documents.unit", { count: row.chunks })}>
        {row.chunks.toLocaleString(tag)}
      </td>
      <td class="figure size">{bytes(row.size, tag)}</td>
      <td class="modified">{moment(row.modified, tag)}</td>
      {remove && (
        <td class="act">
          {row.state !== "removed" && (
            <button type="button" class="link danger" aria-label={say("documents.delete.of", { document: row.document })} onClick={() => remove(row)}>
              {say("documents.delete")}
            </button>
          )}
        </td>
      )}
    </tr>
  );
}

function LeftOut({ row }: { row: DocumentRow }) {
  const { say } = useShell();
  const parts = row.left_out ?? [];
  if (parts.length === 0) return null;
  return (
    <details class="left-out">
      <summary>{say("documents.leftout", { count: parts.length })}</summary>
      <ul>
        {parts.map((part, index) => (
          <li key={index}>
            <bdi class="key">{part.name}</bdi> {part.cause}
          </li>
        ))}
      </ul>
    </details>
  );
}
