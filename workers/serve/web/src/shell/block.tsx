import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A part of a view, under a heading of its own. */
export function Block({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useId();
  return (
    <section class="block" aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {children}
    </section>
  );
}
