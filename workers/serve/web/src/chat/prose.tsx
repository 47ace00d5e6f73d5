import type { Citation } from "../api/types.ts";
import { useShell } from "../shell/context.ts";
import { TableOf } from "../passage/shaped.tsx";
import { pathAndName } from "../words/figures.ts";
import type { Block, Piece } from "./answer-text.ts";

interface Properties {
  made: Block[];
  known: ReadonlyMap<number, Citation>;
  pointed: number | null;
  point(number: number | null): void;
  growing: boolean;
}

export function Prose({ made, growing, ...rest }: Properties) {
  return (
    <div class={growing ? "prose growing" : "prose"} dir="auto">
      {made.map((block, index) => (
        <BlockOf key={index} block={block} {...rest} />
      ))}
    </div>
  );
}

type Context = Omit<Properties, "made" | "growing">;

function BlockOf({ block, ...context }: Context & { block: Block }) {
  switch (block.kind) {
    case "code":
      return <pre>{block.text}</pre>;
    case "heading":
      return (
        <h3>
          <Pieces pieces={block.pieces} {...context} />
        </h3>
      );
    case "paragraph":
      return (
        <p>
          <Pieces pieces={block.pieces} {...context} />
        </p>
      );
    case "table":
      return <TableOf marked={false} rows={block.rows.map((row) => row.map((cell) => <Pieces pieces={cell} {...context} />))} />;
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Pieces pieces={item} {...context} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

function Pieces({ pieces, ...context }: Context & { pieces: Piece[] }) {
  return (
    <>
      {pieces.map((piece, index) => {
        if (piece.kind === "citation") return <Marker key={index} number={piece.number} {...context} />;
        if (piece.kind === "strong") return <strong key={index}>{piece.text}</strong>;
        if (piece.kind === "code") return <code key={index}>{piece.text}</code>;
        return piece.text;
      })}
    </>
  );
}

function Marker({ number, known, pointed, point }: Context & { number: number }) {
  const { say, open } = useShell();
  const citation = known.get(number);
  if (!citation) return <>[{number}]</>;
  const name = citation.title ?? pathAndName(citation.document).name;
  const label = say("chat.citation", { number, document: name });
  return (
    <button type="button" class={pointed === number ? "marker pointed" : "marker"} aria-label={label} title={label} onClick={() => open(citation.document, citation.id)} onMouseEnter={() => point(number)} onMouseLeave={() => point(null)} onFocus={() => point(number)} onBlur={() => point(null)}>
      {number}
    </button>
  );
}
