/** Names and what they stand for, side by side. */
export function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl class="facts-list">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
