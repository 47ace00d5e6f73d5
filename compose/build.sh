#!/usr/bin/env bash
# Installs and builds side by side, for compose/demo and compose/try. Sourced after instance.sh.

install_job=""

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
  cargo build --locked "$@"
  wait "$install_job"
  install_job=""
}

# install_end: ends the install when the script fails while it runs; for the trap on EXIT.
install_end() {
  if [[ -n $install_job ]]; then kill -TERM "$install_job" 2>/dev/null || true; fi
}
