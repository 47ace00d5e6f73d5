#!/usr/bin/env bash
# What compose/kills looks at: workers, lags, the audit, searches, topics. Sourced.

# shellcheck disable=SC2154  # compose/kills sets what is not set here

WORKER_DIR=$MILLRACE_INSTANCE_DIR/workers
# A group gives a silent member's partitions away after so many seconds (the least that Kafka takes by default).
SESSION=6

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
note() { echo "NOTE: $*"; }
fail() {
  echo "FAIL: $*" >&2
  trap - ERR
  exit 1
}

# until_true SECONDS WHAT COMMAND…: waits for it, and fails when it does not come.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < end)) || fail "$what did not happen in time"
    sleep 0.1
  done
}

# worker_name NAME [N]
named() { if [[ ${2:-1} == 1 ]]; then echo "$1"; else echo "$1-$2"; fi; }
worker_log() { echo "$MILLRACE_INSTANCE_DIR/logs/$(named "$@").log"; }
worker_pid() { process_pid "$WORKER_DIR/$(named "$@").pid"; }

# metrics_port NAME [N]: as compose/worker gives them out.
metrics_port() {
  local names=("${WORKERS[@]}") i
  for i in "${!names[@]}"; do [[ ${names[$i]} != "$1" ]] || echo $((METRICS_PORT + 10 * i + ${2:-1} - 1)); done
}

# start NAME [N]: short sessions, so that a dead member is missed soon; small batches, so that a kill finds one open.
start() {
  local batch=32
  [[ $1 != chunk ]] || batch=8 # documents, each of several passages
  MILLRACE_KAFKA_PROPERTIES="session.timeout.ms=${SESSION}000;heartbeat.interval.ms=1000" \
    MILLRACE_BATCH_RECORDS=$batch \
    "$here/worker" start "$1" "${2:-1}"
}

start_workers() {
  local worker
  for worker in "${WORKERS[@]}"; do start "$worker"; done
  "$here/worker" start serve
}

# counter METRIC NAME [N]: a counter of a worker; 0 while it has no page.
counter() {
  local metric=$1
  shift
  { curl -fs -m 5 "127.0.0.1:$(metrics_port "$@")/metrics" || true; } |
    awk -v metric="$metric" '$1 == metric || index($1, metric "{") == 1 {sum += $2} END {printf "%d\n", sum}'
}
handled() { counter millrace_records_done_total "$@"; }
has_handled_more_than() { (($(handled "${@:2}") > $1)); }

pids() {
  local worker
  for worker in "${WORKERS[@]}"; do printf '%s %s\n' "$worker" "$(worker_pid "$worker" || echo dead)"; done
}

# The most memory that each worker ever had; a killed one takes its own figure with it.
note_peaks() {
  { "$here/worker" status; sed 's/\t/\t-\t-\t-\t/' "$STATE/peaks" 2>/dev/null || true; } |
    awk -F '\t' '$5 + 0 > peak[$1] {peak[$1] = $5 + 0} END {for (name in peak) print name "\t" peak[name]}' |
    sort >"$STATE/peaks.new"
  mv "$STATE/peaks.new" "$STATE/peaks"
}

kill_worker() {
  note_peaks
  "$here/worker" kill "$@"
}

# After a failed scenario: so that the next one finds servers and workers.
heal() {
  local pidfile server
  {
    for server in kafka "$MILLRACE_STORE" opensearch elasticsearch; do "$here/servers/$server/run" resume || true; done
    for pidfile in "$WORKER_DIR"/*.pid; do process_signal "$pidfile" CONT || true; done
    "$here/up" && start_workers
    for server in embed chunk; do "$here/worker" stop "$server" 2; done
  } >"$STATE/heal.log" 2>&1 || echo "    healing failed: see $STATE/heal.log"
}

# behind NAME: records that a worker has not handled. Servers that starve on a busy machine are asked again.
behind() {
  local try
  for try in 1 2 3; do
    if "$millrace" status --json >"$STATE/status.json" 2>>"$STATE/millrace.log"; then
      jq --arg worker "$1" '.lags[] | select(.worker == $worker).behind' "$STATE/status.json"
      return 0
    fi
  done
  fail "millrace status failed $try times: $(tail -n 1 "$STATE/millrace.log")"
}

# find_lost_notices: to be called when Kafka is back. A store that keeps no notices has lost those of what was put meanwhile.
find_lost_notices() {
  if $STORE_KEEPS_NOTICES; then return 0; fi
  "$millrace" reconcile
  note "reconciled: $MILLRACE_STORE keeps no notices while Kafka is away"
}

# settle: waits until everything is quiet, then audits. The one proof that every scenario ends with.
settle() {
  local end=$((SECONDS + PATIENCE)) picture
  say "settling"
  while true; do
    if ! "$millrace" status --until-searchable --patience "$PATIENCE" --json >"$STATE/status.json" 2>>"$STATE/millrace.log"; then
      "$millrace" audit 2>>"$STATE/millrace.log" | grep -v '^equal$' || true
      tail -n 1 "$STATE/status.json" | jq -c '{unread, lags: [.lags[] | select(.behind > 0)]}' || true
      fail "not settled after $PATIENCE s"
    fi
    picture=$(tail -n 1 "$STATE/status.json")
    # Nothing may be on its way that would still change it.
    [[ $(jq '[.lags[].behind] | add' <<<"$picture") != 0 ]] || break
    ((SECONDS < end)) || fail "equal, but workers stay behind: $(jq -c .lags <<<"$picture")"
    sleep 1
  done
  audit
}

audit() {
  local objects
  if ! "$millrace" audit --json >"$STATE/audit.json" 2>>"$STATE/millrace.log"; then
    jq -c '.differences[:30][]' "$STATE/audit.json" || true
    fail "the audit finds differences: $(jq '.differences | length' "$STATE/audit.json")"
  fi
  # The audit reads the same bucket that the workers read; the mirror is what was meant to be in it.
  objects=$(find "$DOCUMENTS" -type f ! -path '*/.*' | wc -l)
  [[ $(jq .objects "$STATE/audit.json") == "$objects" ]] || fail "the bucket holds $(jq .objects "$STATE/audit.json") objects, $objects were put"
  [[ $(jq '[.engines[].digest] | unique | length' "$STATE/audit.json") == 1 ]] || fail "the engines' digests differ: $(jq -c .engines "$STATE/audit.json")"
  say "audit: $(jq -c '{objects, ledger, chunks: .ledger_chunks, digest: (.engines.opensearch.digest[:16])}' "$STATE/audit.json")"
}

# hits WORD: how many passages hold this very word, by the words' search.
hits() {
  "$millrace" search --mode keyword --size 50 --json "$1" 2>>"$STATE/millrace.log" |
    jq --arg word "$1" '[.hits[] | select(.text | contains($word))] | length'
}
must_find() { [[ $(hits "$1") -ge 1 ]] || fail "the search does not find $1 ($2)"; }
must_not_find() { [[ $(hits "$1") == 0 ]] || fail "the search still finds $1 ($2)"; }

# owned NAME [N]: the partitions of a process, one a line, as its log tells.
owned() {
  sed -nE 's/.* (assigned|revoked) .*partitions=\[([0-9, ]*)\].*/\1 \2/p' "$(worker_log "$@")" |
    awk '{gsub(",", ""); for (i = 2; i <= NF; i++) if ($1 == "assigned") own[$i] = 1; else delete own[$i]}
      END {for (partition in own) print partition}' | sort -n
}
owns() { [[ $(owned "${@:2}" | wc -l) == "$1" ]]; }

have_kcat() { command -v kcat >/dev/null; }
topic() { kcat -b "$MILLRACE_KAFKA_BROKERS" -L -J | jq -r --arg name "$1." '.topics[].topic | select(startswith($name))'; }

# records TOPIC: partition, offset, bytes (-1: a tombstone), key, headers of every committed record.
records() {
  kcat -C -b "$MILLRACE_KAFKA_BROKERS" -t "$1" -o beginning -e -q -X isolation.level=read_committed -f '%p\t%o\t%S\t%k\t%h\n'
}

# last_words TOPIC PREFIX: of each key whose document is below PREFIX, the last record: partition, bytes, key.
last_words() {
  records "$1" | awk -F '\t' -v document="document=$MILLRACE_BUCKET/$2/" 'index($5, document) {last[$4] = $1 "\t" $3 "\t" $4}
    END {for (key in last) print last[key]}' | sort
}

# must_stay_deleted KIND PREFIX: after the tombstone of a passage no other record of it may come.
must_stay_deleted() {
  local topic back
  if ! have_kcat; then
    note "kcat is not installed: the topic $1 was not read"
    return 0
  fi
  topic=$(topic "$1")
  last_words "$topic" "$2" >"$STATE/last-words"
  back=$(awk -F '\t' '$2 != -1' "$STATE/last-words" | wc -l)
  ((back == 0)) || fail "$back records came back into $topic after their tombstones: $(awk -F '\t' '$2 != -1 {print $3}' "$STATE/last-words" | head -n 5 | paste -sd ' ')"
  note "$1: $(wc -l <"$STATE/last-words") keys, each ends with its tombstone"
}
