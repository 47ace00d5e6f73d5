import { useCallback, useEffect, useState } from "preact/hooks";

import { parseRoute, type Route, routeHash } from "./route.ts";

export interface Routing {
  route: Route;
  go(route: Route, replace?: boolean): void;
  open(document: string, passage?: string): void;
  close(): void;
}

/** The route as it stands in the address. Opening a document is a step of its own, so the browser's Back closes it. */
export function useRoute(): Routing {
  const [route, setRoute] = useState<Route>(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const go = useCallback((next: Route, replace = false) => {
    if (!replace) {
      location.hash = routeHash(next);
      return;
    }
    history.replaceState(null, "", routeHash(next));
    setRoute(parseRoute(location.hash));
  }, []);
  const open = useCallback((document: string, passage?: string) => {
    const here = parseRoute(location.hash);
    // Another passage replaces the one shown: Back leads out of the panel, not through all that was looked at.
    const address = routeHash({ ...here, open: { document, passage: passage ?? null } });
    if (here.open) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    setRoute(parseRoute(location.hash));
  }, []);
  const close = useCallback(() => {
    const here = parseRoute(location.hash);
    if (here.open) location.hash = routeHash({ ...here, open: null });
  }, []);
  return { route, go, open, close };
}
