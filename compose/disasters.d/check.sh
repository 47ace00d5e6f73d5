#!/usr/bin/env bash
# What compose/disasters and loadtest/outage look at: workers, the audit, searches. Sourced.

# shellcheck disable=SC2154  # compose/disasters sets what is not set here

WORKER_DIR=$MILLRACE_INSTANCE_DIR/workers

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

worker_log() { echo "$MILLRACE_INSTANCE_DIR/logs/$1.log"; }
worker_pid() { process_pid "$WORKER_DIR/$1.pid"; }

# metrics_port NAME: as compose/worker gives them out.
metrics_port() {
  local names=("${WORKERS[@]}") i
  for i in "${!names[@]}"; do [[ ${names[$i]} != "$1" ]] || echo $((METRICS_PORT + 10 * i)); done
}

# start NAME: a short session (the least that Kafka takes by default), so that the partitions of one that was killed are soon free
# again; small batches, so that what is taken away is missed in the middle of the work.
start() {
  local batch=32
  [[ $1 != chunk ]] || batch=8 # documents, each of several passages
  MILLRACE_KAFKA_PROPERTIES="session.timeout.ms=6000;heartbeat.interval.ms=1000" MILLRACE_BATCH_RECORDS=$batch \
    "$here/worker" start "$1"
}

start_workers() {
  local worker
  for worker in "${WORKERS[@]}"; do start "$worker"; done
  "$here/worker" start serve
}

# counter METRIC NAME: a counter of a worker; 0 while it has no page.
counter() {
  { curl -fs -m 5 "127.0.0.1:$(metrics_port "$2")/metrics" || true; } |
    awk -v metric="$1" '$1 == metric || index($1, metric "{") == 1 {sum += $2} END {printf "%d\n", sum}'
}

# embedded: passages that embed has embedded since it started.
embedded() { counter millrace_chunks_embedded_total embed; }

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
  } >"$STATE/heal.log" 2>&1 || echo "    healing failed: see $STATE/heal.log"
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

have_kcat() { command -v kcat >/dev/null; }
