#!/usr/bin/env bash
# The scenarios of compose/kills that edit documents and break workers. Sourced; each runs in a subshell of its own.

# shellcheck disable=SC2154,SC2329  # compose/kills sets what is not set here, and calls them by name

scenario_ingest() {
  "$millrace" put "$DOCUMENTS"
  settle
  note "$(jq .objects "$STATE/audit.json") objects, $(jq .ledger_chunks "$STATE/audit.json") chunks"
}

# Ten texts replaced, ten deleted, ten renamed.
scenario_edit() {
  local revision key keys i
  revision=$(next_revision)
  mapfile -t keys < <(pick 30)
  # Of all thirty, so that there is a word that only the old text has.
  for key in "${keys[@]}"; do revise "$key" "$revision"; done
  stage "${keys[@]}"
  put
  settle
  for key in "${keys[@]}"; do must_find "$(marker "$key" "$revision")" "$key before the edit"; done
  for ((i = 0; i < 10; i++)); do write "${keys[$i]}" "$((revision + 1))"; done
  for ((i = 20; i < 30; i++)); do
    mkdir -p "$DOCUMENTS/renamed"
    cp "$DOCUMENTS/${keys[$i]}" "$DOCUMENTS/renamed/$i.md"
  done
  next_revision
  stage "${keys[@]:0:10}" renamed/{20..29}.md
  put
  remove "${keys[@]:10:20}"
  settle
  for ((i = 0; i < 10; i++)); do
    must_not_find "$(marker "${keys[$i]}" "$revision")" "${keys[$i]} was overwritten"
    must_find "$(marker "${keys[$i]}" "$((revision + 1))")" "the new text of ${keys[$i]}"
  done
  for ((i = 10; i < 20; i++)); do must_not_find "$(marker "${keys[$i]}" "$revision")" "${keys[$i]} was deleted"; done
  for ((i = 20; i < 30; i++)); do
    [[ $(hits "$(marker "${keys[$i]}" "$revision")") == 1 ]] || fail "${keys[$i]} was renamed, and its text is not there exactly once"
  done
  note "10 overwritten, 10 deleted, 10 renamed, 60 words searched"
}

# kill_busy WORKER: SIGKILL between two of its commits, while more is coming.
kill_busy() {
  local worker=$1 before revision putting left
  before=$(handled "$worker")
  revise_some 30
  revision=$(<"$STATE/revision")
  put &
  putting=$!
  until_true 90 "the work of $worker" has_handled_more_than "$before" "$worker"
  kill_worker "$worker"
  wait "$putting"
  left=$(behind "$worker")
  say "$worker is dead, $left records before it"
  start "$worker"
  settle
  must_find "$(marker "$(pick_staged)" "$revision")" "a text put while $worker was killed"
  note "killed with $left records before it"
}

# A key of what was put last.
pick_staged() { cd "$CHANGED" && find . -type f | sed 's#^\./##' | sort | head -n 1; }

scenario_kill_intake() { kill_busy intake; }
scenario_kill_chunk() { kill_busy chunk; }
scenario_kill_embed() { kill_busy embed; }
scenario_kill_index() { kill_busy index; }
scenario_kill_replicate() { kill_busy replicate; }

answers() { curl -fs -m 5 -o /dev/null "$MILLRACE_SERVE_URL/readyz"; }

scenario_kill_serve() {
  local word
  revise_some 1
  word=$(marker "$(pick_staged)" "$(<"$STATE/revision")")
  put
  settle
  must_find "$word" "before the kill"
  kill_worker serve
  ! answers || fail "something still answers at $MILLRACE_SERVE_URL"
  "$here/worker" start serve
  until_true 60 "readiness" answers
  must_find "$word" "after the restart"
  audit
}

# A second process, and both with two of the four partitions.
start_second() {
  start "$1" 2
  until_true 60 "sharing of the partitions" owns 2 "$1" 2
  until_true 30 "sharing of the partitions" owns 2 "$1" 1
}

# resume_zombie NAME: it comes back and believes that it still owns its partitions.
resume_zombie() {
  local log from
  log=$(worker_log "$1")
  from=$(wc -l <"$log")
  "$here/worker" resume "$1"
  # Long enough for whatever it has in hand: a transaction lives 15 s at most.
  sleep 18
  tail -n "+$((from + 1))" "$log" | cut -c1-400 | tee "$STATE/zombie-said"
  worker_pid "$1" >/dev/null || fail "the zombie $1 died instead of standing back"
  grep -q 'revoked' "$STATE/zombie-said" || fail "the zombie $1 never noticed that it had lost its partitions"
  note "$(grep -c 'partition waits' "$STATE/zombie-said" || true) late writes of the zombie were turned down"
}

# One of two embeds hangs in the middle of a batch; the other takes over, and what it had in hand is deleted meanwhile.
scenario_zombie_embed() {
  local before keys held
  start_second embed
  before=$(handled embed)
  mapfile -t keys < <(write_some zombie-embed 40)
  put
  # More than one batch: what is next has been fetched by then, and the encoder is on it.
  until_true 90 "the work of embed" has_handled_more_than "$((before + 32))" embed
  "$here/worker" pause embed
  say "paused; it owns $(owned embed | paste -sd ,)"
  if have_kcat; then
    held=$(comm -23 <(last_words "$(topic chunks)" zombie-embed | cut -f1,3 | sort) <(last_words "$(topic vectors)" zombie-embed | cut -f1,3 | sort) |
      grep -c -E "^($(owned embed | paste -sd '|'))"$'\t' || true)
    ((held > 0)) || fail "the paused embed had nothing in hand: a machine too fast for this scenario"
    note "it hung with $held records before it"
  fi
  until_true 60 "the takeover" owns 4 embed 2
  remove "${keys[@]}"
  settle
  must_stay_deleted vectors zombie-embed
  resume_zombie embed
  # Without a late write nothing would be proved.
  grep -q 'partition waits' "$STATE/zombie-said" || fail "the zombie had nothing in hand: a machine too fast for this scenario"
  settle
  must_stay_deleted vectors zombie-embed
  must_not_find "$(marker "${keys[0]}" "$(<"$STATE/revision")")" "deleted while embed hung"
  "$here/worker" stop embed 2
  # The one that was a zombie has to do all the work again.
  until_true 60 "getting the partitions back" owns 4 embed
  revise_some 10
  put
  settle
}

is_behind() { (($(behind "$1") >= $2)); }

# One of two chunks hangs with texts that it has read and not yet said anything about; they are deleted meanwhile.
scenario_zombie_chunk() {
  local keys before
  start_second chunk
  mapfile -t keys < <(write_some zombie-chunk 100)
  # All at once before it, so that it is busy from then on.
  "$here/worker" stop intake
  put
  until_true 60 "the store's notices" is_behind intake "${#keys[@]}"
  before=$(handled chunk)
  start intake
  # More than one batch, as above.
  until_true 60 "the work of chunk" has_handled_more_than "$((before + 8))" chunk
  "$here/worker" pause chunk
  say "paused; it owns $(owned chunk | paste -sd ,)"
  until_true 60 "the takeover" owns 4 chunk 2
  settle
  remove "${keys[@]}"
  settle
  must_stay_deleted chunks zombie-chunk
  resume_zombie chunk
  grep -q 'partition waits' "$STATE/zombie-said" || fail "the zombie had nothing in hand: a machine too fast for this scenario"
  settle
  must_stay_deleted chunks zombie-chunk
  must_stay_deleted vectors zombie-chunk
  must_not_find "$(marker "${keys[0]}" "$(<"$STATE/revision")")" "deleted while chunk hung"
  "$here/worker" stop chunk 2
  until_true 60 "getting the partitions back" owns 4 chunk
  revise_some 10
  put
  settle
}
