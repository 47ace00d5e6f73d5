import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { useShell } from "../shell/context.ts";

/** Typing settles for so long before the list is read. */
const SETTLE = 250;

/** The prefix filter: what is typed, and what of it applies. It stands in the address, so that a folder can be linked to. */
export function usePrefix(active: boolean): { typed: string; applied: string; type: (text: string) => void } {
  const { route, go } = useShell();
  const [typed, setTyped] = useState(route.parameters["prefix"] ?? "");
  const [applied, setApplied] = useState(typed);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const linked = active && route.view === "documents" ? route.parameters["prefix"] : undefined;
  useEffect(() => {
    if (linked === undefined) return;
    setTyped(linked);
    setApplied(linked);
  }, [linked]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const newest = useRef(route);
  newest.current = route;
  const type = useCallback(
    (text: string) => {
      setTyped(text);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        setApplied(text);
        if (newest.current.view === "documents") go({ ...newest.current, parameters: { prefix: text } }, true);
      }, SETTLE);
    },
    [go],
  );
  return { typed, applied, type };
}
