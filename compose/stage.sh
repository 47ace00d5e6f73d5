#!/usr/bin/env bash
# One stage of compose/install: installs a thing into $MILLRACE_HOME/dist once per version, and shows how it goes. Sourced
# after instance.sh.

stage_say() { printf '%-13s %s\n' "$1" "$2"; }

stage_time() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# stage_installed NAME VERSION: whether that version is installed already.
stage_installed() {
  [[ -f $DIST_DIR/$1.stamp && $(<"$DIST_DIR/$1.stamp") == "$2" ]]
}

# Ends what runs in the background: a stage's command has a process group of its own, which Ctrl-C does not reach, and a
# stage that runs beside the others passes the signal on to its command.
stage_interrupt() {
  local job
  trap '' INT TERM # a second signal must not end this half-way
  for job in $(jobs -p); do
    kill -TERM -- "-$job" 2>/dev/null || kill -TERM "$job" 2>/dev/null || true
  done
  wait
  [[ $BASHPID != "$$" ]] || echo "install: interrupted; run it again to go on where it stopped" >&2
  exit 130
}

# Tells every 15 seconds how long the stage has run and has left, until it ends. Sets stage_seconds.
stage_watch() {
  local name=$1 expected=$2 began=$SECONDS next=15 left
  while kill -0 "$stage_pid" 2>/dev/null; do
    sleep 0.2
    stage_seconds=$((SECONDS - began))
    ((stage_seconds >= next)) || continue
    next=$((stage_seconds + 15))
    left=$((expected - stage_seconds))
    if ((left > 0)); then
      stage_say "$name" "$(stage_time $stage_seconds) passed, about $(stage_time $left) left"
    else
      stage_say "$name" "$(stage_time $stage_seconds) passed, longer than expected: a busy or slower machine"
    fi
  done
  stage_seconds=$((SECONDS - began))
}

# To be called once by who runs stages.
stage_trap() { trap stage_interrupt INT TERM; }

# stage NAME VERSION EXPECTED_SECONDS TARGET COMMAND…
# Runs COMMAND with an empty folder as its last argument, and when it succeeded moves that folder to $DIST_DIR/TARGET. A
# TARGET of - means that nothing is kept. So nobody ever sees a half-installed thing, and a stage that was interrupted
# starts again; what it had downloaded is still in the caches of Maven, pip and Go.
stage() {
  local name=$1 version=$2 expected=$3 target=$4 log=$LOG_DIR/install-$1.log fresh=$DIST_DIR/$1.tmp lock
  shift 4
  mkdir -p "$DIST_DIR" "$LOG_DIR"
  exec {lock}>"$DIST_DIR/$name.lock"
  if ! flock --nonblock "$lock"; then
    stage_say "$name" "another install of it is running: waiting for that"
    flock "$lock"
  fi
  if stage_installed "$name" "$version"; then
    stage_say "$name" "is there ($version)"
    exec {lock}>&-
    return 0
  fi
  stage_say "$name" "installing $version: about $(stage_time "$expected") on 2 cores, the first time; log: $log"
  rm -rf "$fresh" "$DIST_DIR/$name.stamp"
  mkdir -p "$fresh"
  # The lock stays with the command too: should this script be killed, a second install still waits for it.
  setsid "$@" "$fresh" >"$log" 2>&1 </dev/null &
  stage_pid=$!
  stage_watch "$name" "$expected"
  if ! wait "$stage_pid"; then
    stage_say "$name" "FAILED after ${stage_seconds} s. The end of $log:" >&2
    tail -n 25 "$log" | sed 's/^/    /' >&2
    stage_say "$name" "when the cause is gone, run: compose/install $name" >&2
    return 1
  fi
  stage_keep "$name" "$version" "$fresh" "$target"
  exec {lock}>&-
}

# Moves what was installed to its place, stamps it, and notes the time that it took.
stage_keep() {
  local name=$1 version=$2 fresh=$3 target=$4 size=""
  if [[ $target == - ]]; then
    rm -rf "$fresh"
  else
    # A umask of 077 would leave the servers, which run as another user, unable to read their own programs.
    chmod -R a+rX "$fresh"
    size=", $(du -sm "$fresh" | cut -f1) MB"
    mkdir -p "$(dirname "$DIST_DIR/$target")"
    rm -rf "${DIST_DIR:?}/$target"
    mv "$fresh" "$DIST_DIR/$target" || return 1
  fi
  printf '%s\n' "$version" >"$DIST_DIR/$name.stamp.tmp"
  mv "$DIST_DIR/$name.stamp.tmp" "$DIST_DIR/$name.stamp"
  printf '%s\t%s\t%s\n' "$name" "$stage_seconds" "$(date -u +%FT%TZ)" >>"$MILLRACE_HOME/install.tsv"
  stage_say "$name" "installed in $stage_seconds s$size"
}
