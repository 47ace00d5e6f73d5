#!/usr/bin/env bash
# The scenarios of compose/disasters that take servers away. Sourced.

# shellcheck disable=SC2154,SC2329  # compose/disasters sets what is not set here, and calls them by name

OUTAGE=20 # seconds

# same_workers BEFORE: every worker still is the process that it was.
same_workers() {
  local now
  now=$(pids)
  [[ $now == "$1" ]] || fail "workers ended during the outage: $(diff <(echo "$1") <(echo "$now") | grep '^[<>]' | paste -sd ' ')"
}

# must_have_waited NAME LINES: the worker's log says, after so many lines, that it waits.
must_have_waited() {
  local log waits
  log=$(worker_log "$1")
  waits=$(tail -n "+$(($2 + 1))" "$log" | grep -c -E 'partition waits|waiting for the topic|waiting for the registry|broker trouble' || true)
  ((waits > 0)) || fail "$1 never said that it waits"
  note "$1 waited $waits times"
}

# outage ENGINE WORKER: the engine is killed in the middle of the work of its worker, and comes back with its data. None dies in
# compose/faults: there engines refuse and break requests, or lose an index.
outage() {
  local engine=$1 worker=$2 before lines
  before=$(pids)
  lines=$(wc -l <"$(worker_log "$worker")")
  revise_some 40
  # Held back for a moment, so that it has all of it before itself when the engine is gone.
  "$here/worker" pause "$worker"
  put
  sleep 2
  "$here/servers/$engine/run" kill
  "$here/worker" resume "$worker"
  sleep "$OUTAGE"
  same_workers "$before"
  must_have_waited "$worker" "$lines"
  "$here/servers/$engine/run" start
  settle
  same_workers "$before"
}

# blocked ENGINE true|null: as an engine does to its indexes when its disk is full (and in the end undoes itself, once there is room).
blocked() {
  local url=$MILLRACE_OPENSEARCH_URL
  if [[ $1 == elasticsearch ]]; then url=$MILLRACE_ELASTICSEARCH_URL; fi
  curl -fsS -m 30 -X PUT "$url/${MILLRACE_INDEX:-domain_vectors}-*/_settings" -H 'content-type: application/json' \
    -d "{\"index.blocks.read_only_allow_delete\": $2}" -o /dev/null
}

# The disk of one engine is full: its worker waits, says why, and loses nothing; the other engine goes on.
scenario_disk_full() {
  local before lines
  before=$(pids)
  lines=$(wc -l <"$(worker_log replicate)")
  blocked elasticsearch true
  revise_some 20
  put
  sleep "$OUTAGE"
  same_workers "$before"
  must_have_waited replicate "$lines"
  tail -n "+$((lines + 1))" "$(worker_log replicate)" | grep -q 'read-only\|disk usage' || fail "replicate does not say that the disk is full"
  "$millrace" status 2>&1 | grep -q 'read-only\|disk usage' || fail "status does not say that the disk is full"
  blocked elasticsearch null
  settle
  same_workers "$before"
}

scenario_outage_opensearch() { outage opensearch index; }
scenario_outage_elasticsearch() { outage elasticsearch replicate; }

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
