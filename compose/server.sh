#!/usr/bin/env bash
# What every compose/servers/NAME/run does with its verb. Sourced by them after they set, with instance.sh:
#   server_name, server_ports (array),
#   server_prepare (writes the configuration), server_command (sets the array `command`), server_ready (a check that is
#   true once clients can work), server_url (for people); perhaps server_needs (for
#   people, when it does not start) and server_dist (the stage of compose/install that has its program, when that is not
#   called like the server)

# shellcheck disable=SC2154  # see above for who sets what is not set here

# shellcheck source=process.sh
source "$COMPOSE_DIR/process.sh"

server_start_seconds=${MILLRACE_START_SECONDS:-180} # a busy 2-core machine has taken 130
server_stop_seconds=30

SERVER_DIR=$MILLRACE_INSTANCE_DIR/$server_name
SERVER_DIST=$DIST_DIR/${server_dist:=$server_name}
SERVER_LOG=$MILLRACE_INSTANCE_DIR/logs/$server_name.log
SERVER_PIDFILE=$SERVER_DIR/pid

# Root is refused by OpenSearch and Elasticsearch, and the others do not need it: so root hands the servers to `nobody`.
if ((EUID == 0)); then
  as_server=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
  as_server=()
fi

server_say() { process_say "$server_name" "$1"; }

server_fail() {
  server_say "$1" >&2
  if [[ -n ${server_needs:-} ]]; then server_say "$server_needs" >&2; fi
  if [[ -s $SERVER_LOG ]]; then
    echo "the end of $SERVER_LOG:" >&2
    tail -n "${2:-30}" "$SERVER_LOG" | cut -c1-400 | sed 's/^/    /' >&2
  fi
  return 1
}

# Refuses to start where it cannot work, and says what to do about it.
server_check() {
  local port holder try
  if [[ ! -d $SERVER_DIST ]]; then
    server_say "is not installed: run compose/install $server_dist" >&2
    return 1
  fi
  if ! "${as_server[@]}" test -x "$SERVER_DIST"; then
    server_say "the user it runs as cannot reach $SERVER_DIST: set MILLRACE_HOME to a folder that everybody may enter" >&2
    return 1
  fi
  for port in "${server_ports[@]}"; do
    # One that was stopped a moment ago may still be letting go of its port.
    for ((try = 0; try < 30; try++)); do
      port_holder "$port" >/dev/null || break
      sleep 0.1
    done
    if holder=$(port_holder "$port"); then
      server_say "port $port is taken by $holder: stop that, or run under a name and ports of your own:" >&2
      server_say "MILLRACE_INSTANCE=mine MILLRACE_PORT_OFFSET=2000" >&2
      return 1
    fi
  done
}

server_folders() {
  mkdir -p "$SERVER_DIR"/{data,tmp,config,snapshots}
  if ((EUID == 0)); then chown -R 65534:65534 "$SERVER_DIR"/{data,tmp,config,snapshots}; fi
}

server_await_ready() {
  local began=$1
  until server_ready; do
    if ! process_pid "$SERVER_PIDFILE" >/dev/null; then
      rm -f "$SERVER_PIDFILE"
      server_fail "ended while it started"
      return 1
    fi
    if ((SECONDS - began > server_start_seconds)); then
      server_fail "was not ready within $server_start_seconds s (it still runs; MILLRACE_START_SECONDS gives it longer)"
      return 1
    fi
    sleep 0.2
  done
}

server_start() {
  local lock began=$SECONDS command=() pid
  mkdir -p "$SERVER_DIR" "$MILLRACE_INSTANCE_DIR/logs"
  exec {lock}>"$SERVER_DIR/lock"
  flock "$lock" # two who start it at once: the second finds it up
  if pid=$(process_pid "$SERVER_PIDFILE"); then
    server_await_ready "$began"
    server_say "is up already (pid $pid), $server_url"
    return 0
  fi
  server_check
  server_folders
  server_prepare
  server_command
  process_start "$SERVER_PIDFILE" "$SERVER_LOG" "$SERVER_DIR" "${as_server[@]}" "${command[@]}"
  server_await_ready "$began"
  server_say "is up (pid $(process_pid "$SERVER_PIDFILE"), $((SECONDS - began)) s), $server_url"
}

server_status() {
  local pid state
  if ! pid=$(process_pid "$SERVER_PIDFILE"); then
    server_say "is down"
    return 3
  fi
  state="is not ready"
  ! server_ready || state="is up"
  [[ $(awk '$1 == "State:" {print $2}' "/proc/$pid/status") != T ]] || state="is paused"
  server_say "$state: pid $pid, $(process_memory "$SERVER_PIDFILE" VmRSS) MB now, $(process_memory "$SERVER_PIDFILE" VmHWM) MB at most, $server_url"
}

server_main() {
  case ${1:-} in
    install) exec "$COMPOSE_DIR/install" "$server_dist" ;;
    start) server_start ;;
    stop) process_stop "$server_name" "$SERVER_PIDFILE" "$server_stop_seconds" ;;
    status) server_status ;;
    kill | pause | resume)
      # To break it on purpose: a crash, a hang, and the end of the hang.
      local -A signals=([kill]=KILL [pause]=STOP [resume]=CONT)
      process_signal "$SERVER_PIDFILE" "${signals[$1]}" || { server_say "is not running" >&2; return 3; }
      [[ $1 != kill ]] || process_await_end "$SERVER_PIDFILE" 10
      server_say "$1: done"
      ;;
    *)
      echo "usage: compose/servers/$server_name/run install|start|stop|status|kill|pause|resume" >&2
      echo "       (the instance '$MILLRACE_INSTANCE'; MILLRACE_INSTANCE=test for another)" >&2
      return 2
      ;;
  esac
}
