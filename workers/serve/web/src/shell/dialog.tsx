import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Properties {
  title: string;
  close(): void;
  children: ComponentChildren;
}

/** A modal dialog: the browser keeps the focus inside, gives it back afterwards, and closes it on Esc. */
export function Dialog({ title, close, children }: Properties) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Not useEffect, whose cleanup comes when the dialog is gone: the browser then gives the focus back to nothing.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={element} aria-labelledby={heading} onCancel={(event) => cancel(event, close)}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

// Taking the dialog down is left to the one who shows it: were it closed here, the page would still believe it open.
function cancel(event: Event, close: () => void): void {
  event.preventDefault();
  close();
}
