#!/usr/bin/env bash
# The scenarios of compose/kills that take servers away, and those that put what cannot be read. Sourced.

# shellcheck disable=SC2154,SC2329  # compose/kills sets what is not set here, and calls them by name

OUTAGE=20 # seconds

# same_workers BEFORE: every worker still is the process that it was.
same_workers() {
  local now
  now=$(pids)
  [[ $now == "$1" ]] || fail "workers ended during the outage: $(diff <(echo "$1") <(echo "$now") | grep '^[<>]' | paste -sd ' ')"
}

# waited NAME LINES: the worker's log says, after so many lines, that it waits.
must_have_waited() {
  local log waits
  log=$(worker_log "$1")
  waits=$(tail -n "+$(($2 + 1))" "$log" | grep -c -E 'partition waits|waiting for the topic|waiting for the registry|broker trouble' || true)
  ((waits > 0)) || fail "$1 never said that it waits"
  note "$1 waited $waits times"
}

# outage SERVER VERB WORKER: the server goes away in the middle of the work of WORKER, and comes back.
outage() {
  local server=$1 verb=$2 worker=$3 before lines
  before=$(pids)
  lines=$(wc -l <"$(worker_log "$worker")")
  revise_some 40
  # Held back for a moment, so that it has all of it before itself when the server is gone.
  "$here/worker" pause "$worker"
  put
  sleep 2
  "$here/servers/$server/run" "$verb"
  "$here/worker" resume "$worker"
  sleep "$OUTAGE"
  same_workers "$before"
  must_have_waited "$worker" "$lines"
  "$here/servers/$server/run" start
  if [[ $server == kafka ]]; then find_lost_notices; fi
  settle
  same_workers "$before"
}

scenario_outage_opensearch() { outage opensearch kill index; }
scenario_outage_elasticsearch() { outage elasticsearch kill replicate; }
# Asked to stop, not killed: the store itself may lose the notices of its last milliseconds when it is killed.
scenario_outage_store() { outage "$MILLRACE_STORE" stop chunk; }
scenario_outage_kafka() { outage kafka kill embed; }

# Workers that start while Kafka is away wait for it. Of what is put meanwhile the store keeps the notices, or they are found.
scenario_start_without_kafka() {
  local worker before
  for worker in "${WORKERS[@]}"; do "$here/worker" stop "$worker"; done
  "$here/servers/kafka/run" kill
  for worker in "${WORKERS[@]}"; do start "$worker"; done
  before=$(pids)
  revise_some 20
  put
  sleep "$OUTAGE"
  same_workers "$before"
  for worker in "${WORKERS[@]}"; do must_have_waited "$worker" 0; done
  "$here/servers/kafka/run" start
  find_lost_notices
  settle
  same_workers "$before"
}

# letters WORD: dead letters with WORD in them.
letters() {
  kcat -C -b "$MILLRACE_KAFKA_BROKERS" -t dead-letters -o beginning -e -q -X isolation.level=read_committed -f '%s\n' | grep -c -F "$1" || true
}
has_letters() { (($(letters "$2") >= $1)); }

# tell TEXT: a notice made by hand.
tell() { printf '%s\n' "$1" | kcat -P -b "$MILLRACE_KAFKA_BROKERS" -t object-events -k by-hand; }

alarmed() { tail -n "+$(($2 + 1))" "$(worker_log "$1")" | grep -F 'someone must act' | grep -q -F "$3"; }
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
  tell '{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-22T10:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"kills-elsewhere"},"object":{"key":"later.md","size":3,"eTag":"0","sequencer":"00"}}}]}'
  until_true 60 "the line of intake about another bucket" logged intake "$lines" kills-elsewhere
  revise_some 20
  put
  settle
  note "2 unknown notices are dead letters, a notice about another bucket was ignored and held nothing up"
}
