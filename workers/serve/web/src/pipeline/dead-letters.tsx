import type { Pipeline } from "../api/types.ts";
import { ObjectName } from "../passage/labels.tsx";
import { useShell } from "../shell/context.ts";
import { moment } from "../words/figures.ts";

export function DeadLetters({ letters }: { letters: Pipeline["dead_letters"] }) {
  const { say, tag } = useShell();
  if (letters.count === 0) return <p class="faint">{say("pipeline.dead.none")}</p>;
  return (
    <>
      <p class="faint">{say("pipeline.dead.latest", { shown: letters.latest.length, count: letters.count })}</p>
      <ul class="dead-letters">
        {letters.latest.map((letter, index) => (
          <li key={index}>
            <ObjectName document={letter.document} />
            <span class="stage">{letter.stage}</span>
            <span class="at faint">{moment(letter.at, tag)}</span>
            <p class="cause">{letter.cause}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
