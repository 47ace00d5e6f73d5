#!/usr/bin/env bash
# The scenarios of compose/disasters that put documents and notices: good ones, unreadable ones, all once more. Sourced.

# shellcheck disable=SC2154,SC2329  # compose/disasters sets what is not set here, and calls them by name

scenario_ingest() {
  "$millrace" put "$DOCUMENTS"
  settle
  note "$(jq .objects "$STATE/audit.json") objects, $(jq .ledger_chunks "$STATE/audit.json") chunks"
}

# letters WORD: dead letters with WORD in them.
letters() {
  kcat -C -b "$MILLRACE_KAFKA_BROKERS" -t dead-letters -o beginning -e -q -X isolation.level=read_committed -f '%s\n' | grep -c -F "$1" || true
}
has_letters() { (($(letters "$2") >= $1)); }

# tell TEXT: a notice made by hand.
tell() { printf '%s\n' "$1" | kcat -P -b "$MILLRACE_KAFKA_BROKERS" -t object-events -k by-hand; }

# logged WORKER LINES WORDS: whether its log holds these words after so many lines.
logged() { tail -n "+$(($2 + 1))" "$(worker_log "$1")" | grep -q -F "$3"; }

KEYS=("bad input/a b.md" "bad input/plus+plus and+space.md" "bad input/percent%41and%2F.md" "bad input/%E4%B8%AD.md"
  "bad input/中文 文件.md" "bad input/emoji 🦀 ok.md" "bad input/amp&eq=hash#q?.md" "bad input/naïve.md")

scenario_bad_input() {
  local key revision before lines refused
  before=$(pids)
  revision=$(next_revision)
  for key in "${KEYS[@]}"; do write "$key" "$revision"; done
  head -c 4096 /dev/urandom >"$DOCUMENTS/bad input/binary.bin"
  printf '\0\1\2\3%.0s' {1..500} >"$DOCUMENTS/bad input/lies.md"
  : >"$DOCUMENTS/bad input/empty.md"
  stage "${KEYS[@]}" "bad input/binary.bin" "bad input/lies.md" "bad input/empty.md"
  put
  settle
  for key in "${KEYS[@]}"; do must_find "$(marker "$key" "$revision")" "$key"; done
  refused=$(tail -n 1 "$STATE/status.json" | jq -r '.refused[][0]' | grep -c -E '/bad input/(binary.bin|lies.md)$' || true)
  ((refused == 2)) || fail "of two binary files $refused were refused: $(tail -n 1 "$STATE/status.json" | jq -c .refused)"
  [[ $("$millrace" status --json "bad input/empty.md" 2>>"$STATE/millrace.log" | jq -r .ledger.status) == empty ]] || fail "the empty file is not empty in the ledger"
  note "${#KEYS[@]} odd keys found, 2 binary files refused, 1 empty"
  if have_kcat; then
    until_true 60 "the dead letters of the binary files" has_letters 2 'bad input/'
    bad_notices
  else
    note "kcat is not installed: no notices were made by hand"
  fi
  remove "${KEYS[@]}" "bad input/binary.bin" "bad input/lies.md" "bad input/empty.md"
  settle
  for key in "${KEYS[@]}"; do must_not_find "$(marker "$key" "$revision")" "$key was deleted"; done
  same_workers "$before"
}

# Notices that mean nothing are dead letters; one about another bucket, here one that is not even there, stops nothing.
bad_notices() {
  local lines before
  before=$(letters '"stage":"intake"')
  tell '{"what":"no store ever said this"}'
  tell 'not even JSON'
  until_true 60 "the dead letters of the notices" has_letters "$((before + 2))" '"stage":"intake"'
  lines=$(wc -l <"$(worker_log intake)")
  tell '{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-22T10:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"disasters-elsewhere"},"object":{"key":"later.md","size":3,"eTag":"0","sequencer":"00"}}}]}'
  until_true 60 "the line of intake about another bucket" logged intake "$lines" disasters-elsewhere
  revise_some 20
  put
  settle
  note "2 unknown notices are dead letters, a notice about another bucket was ignored and held nothing up"
}

# All notices again, and everything compared with the bucket: nothing is embedded, and no engine is written to.
scenario_unchanged() {
  local embedded written=0 worker notices
  have_kcat || { note "kcat is not installed: notices were not sent again"; return 0; }
  settle
  embedded=$(embedded)
  for worker in index replicate; do written=$((written + $(counter millrace_items_written_total "$worker"))); done
  notices=$(kcat -C -b "$MILLRACE_KAFKA_BROKERS" -t object-events -o beginning -e -q -D '\n' | tee "$STATE/notices" | wc -l)
  kcat -P -b "$MILLRACE_KAFKA_BROKERS" -t object-events -D '\n' <"$STATE/notices"
  "$millrace" reconcile --from-start
  settle
  for worker in index replicate; do written=$((written - $(counter millrace_items_written_total "$worker"))); done
  [[ $(embedded) == "$embedded" ]] || fail "$(($(embedded) - embedded)) passages were embedded again"
  ((written == 0)) || fail "$((-written)) writes went to the engines"
  note "$notices notices again and a reconcile: 0 embedded, 0 written"
}
