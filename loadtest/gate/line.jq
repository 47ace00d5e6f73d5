# What `millrace model prove --json` said of a candidate, as a line of results; loadtest/gate/run calls it.
# $kind and $strength: which candidate; $steps: of its tuning; $guard: the general set as the report names it; $done: done.json.

def short: if type == "number" then . * 10000 | round / 10000 else . end;
# What is no number is null here, and jq has null below every number.
def falls: type == "number" and . < 0;

. as $report
| (.verdict.checks | map({key: .name, value: .}) | from_entries) as $checks
| $checks["golden vector"] as $vector
| $checks[$guard] as $general
# Of the mean scores, so that a gate that judges its intervals wrongly would be noticed. What is missing is the worst.
| (.sets | map(select(.name == $guard) | (.after["ndcg@10"] // -1) - .before["ndcg@10"]) | first) as $kept
| {
    candidate: $kind,
    strength: (if $kind == "equal" then null else $strength end),
    steps: (if $kind == "forgets" then $steps else null end),
    accepted: .verdict.accepted,
    # shown: it is what it should be, and was refused for that. One that did not forget may be accepted.
    found: (
      if .verdict.accepted and ($kind != "forgets" or $kept < -.bounds.guard_loss) then "accepted"
      elif $kind == "worse" then
        if ($vector.passed | not) and ($vector.difference.high | falls) then "shown" else "not worse" end
      elif $kind == "equal" then
        if ($vector.passed | not) and ($vector.difference.high | type == "number" and . >= 0) then "shown" else "not equal" end
      elif $vector.passed | not then "not better"
      elif ($general.passed | not) and ($general.difference.high | falls) then "shown"
      else "not forgotten"
      end),
    failed: [.verdict.checks[] | select(.passed | not) | .name],
    reasons: .verdict.reasons,
    gains: (.sets | map({key: .name, value: ($checks[.name] as $check | {
      questions,
      before: (.before["ndcg@10"] | short),
      after: (.after["ndcg@10"] | short),
      gain: ($check.difference.mean | short),
      low: ($check.difference.low | short),
      high: ($check.difference.high | short),
      bound: $check.bound,
      passed: $check.passed
    })}) | from_entries),
    dev: ($done[0].dev | {before: (.base["ndcg@10"] | short), after: (.["ndcg@10"] | short)}),
    base: .base.name,
    same_model: (.base.fingerprint == .candidate.fingerprint),
    data: .data.digest,
    passages: .data.passages,
    train_seconds: $done[0].seconds
  }
