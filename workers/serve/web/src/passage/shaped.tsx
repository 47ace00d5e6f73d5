import type { ComponentChildren } from "preact";

import { type ListLine, type Shape, shapes } from "./shapes.ts";

/** A passage's text, its tables as tables and its lists as lists; `marked` where it is the one that was asked for. */
export function Shaped({ text, marked }: { text: string; marked: boolean }) {
  return (
    <>
      {shapes(text).map((shape, index) => (
        <ShapeOf key={index} shape={shape} marked={marked} />
      ))}
    </>
  );
}

function ShapeOf({ shape, marked }: { shape: Shape; marked: boolean }) {
  switch (shape.kind) {
    case "text":
      return <p>{marked ? <mark>{shape.text}</mark> : shape.text}</p>;
    case "list":
      return (
        <ul>
          {shape.items.map((item, index) => (
            <Item key={index} item={item} marked={marked} />
          ))}
        </ul>
      );
    case "table":
      return <TableOf rows={shape.rows} marked={marked} />;
  }
}

/** With its own marker: numbers of a passage go on where those before it ended. */
function Item({ item, marked }: { item: ListLine; marked: boolean }) {
  const bullet = /\d/.test(item.marker) ? item.marker : "•";
  return (
    <li data-depth={Math.min(item.depth, 4)}>
      <span class="bullet">{bullet}</span>
      <span>{marked ? <mark>{item.text}</mark> : item.text}</span>
    </li>
  );
}

/** Rows of cells; wider than the text it scrolls by itself. */
export function TableOf({ rows, marked }: { rows: ComponentChildren[][]; marked: boolean }) {
  return (
    <div class="rows" tabIndex={0}>
      <table class={marked ? "marked" : undefined}>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
