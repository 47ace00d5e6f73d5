#!/usr/bin/env bash
# What the load tests share: programs, one run at a time, memory of workers over time, lines of results. Sourced, with
# instance.sh and process.sh, by scripts that set RESULTS.

# shellcheck disable=SC2154  # set by instance.sh and the scripts

MEASURES=$MILLRACE_INSTANCE_DIR/measures
watchers=()

# measure_programs NAME…: they must have been built.
measure_programs() {
  local program
  for program in "$@"; do
    if [[ ! -x $MILLRACE_BIN/$program ]]; then
      echo "there is no program $MILLRACE_BIN/$program: run cargo build --workspace --bins" >&2
      exit 2
    fi
  done
}

# measure_lock NAME: two runs at once would wipe each other's data.
measure_lock() {
  mkdir -p "$MILLRACE_HOME/instances" "$(dirname "$RESULTS")"
  exec {measure_lock_fd}>"$MILLRACE_HOME/instances/$1.lock"
  if ! flock --nonblock "$measure_lock_fd"; then
    echo "another loadtest/$1 runs on this machine: wait for it" >&2
    exit 1
  fi
}

# measure_start WORKER…: an empty system with these workers.
measure_start() {
  local worker
  "$COMPOSE_DIR/down" --wipe
  "$COMPOSE_DIR/up" kafka
  "$MILLRACE_BIN/millrace" topics apply
  "$COMPOSE_DIR/up" "$MILLRACE_STORE" opensearch elasticsearch
  "$MILLRACE_BIN/millrace" bucket init "${STORE_NOTIFY[@]}"
  for worker in "$@"; do "$COMPOSE_DIR/worker" start "$worker"; done
}

# measure_finish STATUS: the end of a run. Everything is stopped, and wiped unless the run failed; with keep=true it is left.
measure_finish() {
  local status=$1
  trap - EXIT
  measure_stop
  if $keep; then
    echo "kept running: MILLRACE_PORT_OFFSET=$MILLRACE_PORT_OFFSET compose/down --instance $MILLRACE_INSTANCE --wipe stops it" >&2
  elif ((status == 0)); then
    "$COMPOSE_DIR/down" --wipe >/dev/null || status=1
  else
    "$COMPOSE_DIR/down" >/dev/null || true
    echo "$(basename "$RESULTS" .jsonl): the logs are in $MILLRACE_INSTANCE_DIR/logs" >&2
  fi
  exit "$status"
}

# measure_since BEGAN: seconds since an EPOCHREALTIME.
measure_since() { awk -v began="$1" -v now="$EPOCHREALTIME" 'BEGIN {printf "%.1f", now - began}'; }

# measure_watch WORKER: from now on, once a second, the worker's memory in MB; whatever was known of it is dropped.
measure_watch() {
  mkdir -p "$MEASURES"
  : >"$MEASURES/$1"
  (
    trap 'exit 0' TERM
    while true; do
      if memory=$(process_memory "$MILLRACE_INSTANCE_DIR/workers/$1.pid" VmRSS 2>/dev/null); then
        echo "$EPOCHSECONDS $memory" >>"$MEASURES/$1"
      fi
      sleep 1
    done
  ) &
  watchers+=("$!")
}

# measure_memory WORKER: what was seen of it, as JSON: the most ever (the kernel's own figure), and the most in the first and
# in the last quarter of the time: what grows differs there.
measure_memory() {
  local peak
  peak=$(process_memory "$MILLRACE_INSTANCE_DIR/workers/$1.pid" VmHWM)
  awk -v peak="$peak" '{memory[NR] = $2} END {
    quarter = int(NR / 4) + 1
    for (i = 1; i <= NR; i++) {
      if (i <= quarter && memory[i] > first) first = memory[i]
      if (i > NR - quarter && memory[i] > last) last = memory[i]
    }
    printf "{\"peak_mb\": %d, \"first_quarter_mb\": %d, \"last_quarter_mb\": %d}\n", peak, first, last
  }' "$MEASURES/$1"
}

# measure_between WORKER BEGIN END: the most memory in MB that was seen between two EPOCHSECONDS.
measure_between() { awk -v begin="$2" -v end="$3" '$1 >= begin && $1 <= end && $2 > most {most = $2} END {print most + 0}' "$MEASURES/$1"; }

# measure_stop: stops watching.
measure_stop() {
  local watcher
  for watcher in "${watchers[@]}"; do kill "$watcher" 2>/dev/null || true; done
}

# measure_report WHAT JSON: a line for people and for the file of results, with what a figure belongs to.
measure_report() {
  local commit build cores
  commit=$(git -C "$REPO_DIR" rev-parse --short HEAD)
  # The results, to which each line adds, do not count.
  [[ -z $(git -C "$REPO_DIR" status --porcelain --untracked-files=no -- . ':!loadtest/results') ]] || commit=$commit-changed
  build=$(basename "$MILLRACE_BIN")
  cores="$(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  jq -c --arg what "$1" --arg commit "$commit" --arg build "$build" --arg machine "$cores" --arg date "$(date -u +%F)" \
    --argjson partitions "$MILLRACE_PARTITIONS" '{what: $what} + . + {partitions: $partitions, build: $build, commit: $commit, machine: $machine, date: $date}' \
    <<<"$2" | tee -a "$RESULTS"
}
