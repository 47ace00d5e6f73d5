// The address after "#": which view, its parameters, and which document is open beside it. So each can be linked to.

export const views = ["chat", "search", "documents", "pipeline", "model"] as const;
export type View = (typeof views)[number];

export interface Route {
  view: View;
  parameters: Record<string, string>;
  /** The open document, and the passage in it that is shown. */
  open: Opened | null;
}

export interface Opened {
  document: string;
  passage: string | null;
}

const DOCUMENT = "document";
const PASSAGE = "passage";

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""));
  const view = views.find((name) => name === path) ?? "chat";
  const parameters: Record<string, string> = {};
  let document: string | null = null;
  let passage: string | null = null;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === DOCUMENT) document = value;
    else if (name === PASSAGE) passage = value;
    else parameters[name] = value;
  }
  return { view, parameters, open: document ? { document, passage } : null };
}

export function routeHash(route: Route): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(route.parameters)) if (value !== "") query.set(name, value);
  if (route.open) {
    query.set(DOCUMENT, route.open.document);
    if (route.open.passage !== null) query.set(PASSAGE, route.open.passage);
  }
  const text = query.toString();
  return `#/${route.view}${text ? `?${text}` : ""}`;
}

function split(text: string): [string, string] {
  const at = text.indexOf("?");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
