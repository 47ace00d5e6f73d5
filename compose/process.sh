#!/usr/bin/env bash
# Detached processes of an instance: start, find, stop and signal exactly the ones that were started here. Sourced.
#
# A pid file holds "PID START", START being the process's start time from /proc/PID/stat: a pid is used again some day,
# both together are not, so no stranger is ever signalled.

process_say() { printf '%-13s %s\n' "$1" "$2"; }

# process_born PID: the start time of a process, nothing if there is none. A zombie counts as none, unless it still has
# threads: a big process that was killed takes a moment to let go of its ports.
process_born() {
  local line threads=("/proc/$1/task"/*)
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  # The second field is the program's name and may hold spaces and brackets: cut up to the last bracket.
  # shellcheck disable=SC2086  # word splitting takes the line apart
  set -- ${line##*)}
  [[ $1 == Z ]] && ((${#threads[@]} <= 1)) || echo "${20}"
}

# process_pid PIDFILE: the pid if that very process still runs, else nothing and failure.
process_pid() {
  local pid born
  [[ -f $1 ]] && read -r pid born <"$1" || return 1
  [[ -n ${born:-} && $(process_born "$pid") == "$born" ]] || return 1
  echo "$pid"
}

# process_start PIDFILE LOG FOLDER COMMAND…: starts COMMAND in a session of its own, so that it outlives this script and
# Ctrl-C does not reach it. The log of the run before is kept as LOG.1.
process_start() {
  local pidfile=$1 log=$2 folder=$3 pid descriptor
  shift 3
  mkdir -p "$(dirname "$pidfile")" "$(dirname "$log")"
  [[ ! -f $log ]] || mv "$log" "$log.1"
  (
    cd "$folder" || exit
    exec </dev/null >"$log" 2>&1
    # What this script has open, above all locks, must not stay open for as long as the server runs.
    for descriptor in /proc/self/fd/*; do
      descriptor=${descriptor##*/}
      ((descriptor <= 2)) || eval "exec $descriptor>&-"
    done
    exec setsid "$@"
  ) &
  pid=$!
  printf '%s %s\n' "$pid" "$(process_born "$pid")" >"$pidfile.tmp"
  mv "$pidfile.tmp" "$pidfile"
}

# process_signal PIDFILE SIGNAL: fails when the process does not run.
process_signal() {
  local pid
  pid=$(process_pid "$1") && kill "-$2" "$pid"
}

# process_await_end PIDFILE SECONDS: whether the process ended in time.
process_await_end() {
  local end=$((SECONDS + $2))
  while process_pid "$1" >/dev/null; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# process_stop NAME PIDFILE SECONDS: SIGTERM, and SIGKILL when that did not do in so many seconds. Removes the pid file.
process_stop() {
  local name=$1 pidfile=$2 seconds=$3
  if ! process_signal "$pidfile" TERM; then
    rm -f "$pidfile"
    process_say "$name" "was not running"
    return 0
  fi
  process_signal "$pidfile" CONT || true # one that is paused would never see the SIGTERM
  if process_await_end "$pidfile" "$seconds"; then
    process_say "$name" "stopped"
  else
    process_signal "$pidfile" KILL || true
    if ! process_await_end "$pidfile" 10; then
      process_say "$name" "did not even end on SIGKILL: pid $(process_pid "$pidfile") hangs in the kernel, on a disk perhaps" >&2
      return 1
    fi
    process_say "$name" "did not stop within $seconds s, so it was killed"
  fi
  rm -f "$pidfile"
}

# process_memory PIDFILE FIELD: VmRSS (now) or VmHWM (the most ever) in MB.
process_memory() {
  local pid
  pid=$(process_pid "$1") || return 1
  awk -v field="$2:" '$1 == field {printf "%d\n", $2 / 1024}' "/proc/$pid/status"
}

# port_holder PORT: who listens on the port, in words; fails when nobody does.
port_holder() {
  local hex inode descriptor pid
  printf -v hex ':%04X' "$1"
  inode=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port {print $10; exit}')
  [[ -n $inode ]] || return 1
  descriptor=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null || true)
  pid=${descriptor#/proc/} pid=${pid%%/*}
  if [[ -n $pid ]]; then
    # The folder tells which instance it is, if it is one of ours.
    echo "pid $pid in $(readlink "/proc/$pid/cwd") ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-80)…)"
  else
    echo "a process that you may not look into (sudo ss -ltnp 'sport = :$1' tells which)"
  fi
}
