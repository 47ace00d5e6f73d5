#!/usr/bin/env bash
# Installs and builds side by side, for compose/demo and compose/try. Sourced after instance.sh.

install_job=""

# build_once: what is kept so that the next build is short, and line numbers for a debugger, take a third of the time of compiling
# this workspace's own crates (document: 14.2 s of the processor, 9.0 without). They are left out until somebody develops here, which
# is where cargo has built with the profile as it is before.
build_once() {
  local incremental=${CARGO_TARGET_DIR:-$REPO_DIR/target}/debug/incremental
  # Cargo makes the folder in any case.
  compgen -G "$incremental/*" >/dev/null || export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=false
}

# install_and_build STAGE… -- ARGUMENT…: installs these stages of compose/install while cargo builds with these arguments. An
# install is mostly waiting for downloads, so it costs the build little. What cargo compiles needs the system's packages: they
# come first.
install_and_build() {
  local stages=()
  while [[ $1 != -- ]]; do
    stages+=("$1")
    shift
  done
  shift
  "$COMPOSE_DIR/install" packages
  "$COMPOSE_DIR/install" "${stages[@]}" &
  install_job=$!
  (build_once && cargo build --locked "$@")
  wait "$install_job"
  install_job=""
}

# install_end: ends the install when the script fails while it runs; for the trap on EXIT.
install_end() {
  if [[ -n $install_job ]]; then kill -TERM "$install_job" 2>/dev/null || true; fi
}
