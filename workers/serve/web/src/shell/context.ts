import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Client } from "../api/client.ts";
import type { Me } from "../api/types.ts";
import type { Locale, Say } from "../words/locale.ts";
import type { Route } from "./route.ts";

/** What every view may use. */
export interface Shell {
  client: Client;
  me: Me | null;
  locale: Locale;
  /** The language tag for numbers and dates. */
  tag: string;
  say: Say;
  route: Route;
  /** `replace`: without a step of its own for the browser's Back. */
  go(route: Route, replace?: boolean): void;
  /** Opens a document beside the view; `passage`: the one to show in it. */
  open(document: string, passage?: string): void;
}

export const ShellContext = createContext<Shell | null>(null);

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error("outside of the shell");
  return shell;
}
