import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** "/" focuses the field of the view in front that is marked with data-question; Esc closes the open document. */
export function useShortcuts(main: RefObject<HTMLElement | null>, close: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      // A dialog in front handles its own keys, and a key that ends an input method's choice belongs to that.
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") close();
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const field = main.current?.querySelector<HTMLElement>(".view:not([hidden]) [data-question]");
      if (!field) return;
      event.preventDefault();
      field.focus();
      if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.select();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [main, close]);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
