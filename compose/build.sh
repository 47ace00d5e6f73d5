#!/usr/bin/env bash
# Installs and builds side by side, for compose/demo and compose/try. Sourced after instance.sh.

install_job=""

# Libraries that Cargo.toml optimises so that tests are fast, and that take longer to optimise than a first look at the programs gains
# by it. In seconds of the processor, optimised and not: tokenizers 69 and 11, regex-automata 30 and 7, lsm-tree 29 and 6, fjall 17 and
# 3, aho-corasick 12 and 3. A tokenizer that is not optimised still reads 40,000 tokens a second, and the model a thirtieth of that.
SLOW_TO_OPTIMISE=(tokenizers regex-automata lsm-tree fjall aho-corasick)

# first_build ARGUMENT…: cargo builds with the arguments, and where nobody has developed yet without what only later builds, tests and
# debuggers use: these optimisations (and librdkafka's: -O2 -g takes twice to four times as long as -O0), incremental state and line
# numbers (`document`: 14 s with both, 9 without). Where cargo was run as Cargo.toml says, which incremental state shows, all is built so.
first_build() {
  local name first=()
  # Cargo makes the folder in any case.
  if [[ " $* " != *" --release "* ]] && ! compgen -G "${CARGO_TARGET_DIR:-$REPO_DIR/target}/debug/incremental/*" >/dev/null; then
    first=(--config profile.dev.incremental=false --config profile.dev.debug=false)
    for name in "${SLOW_TO_OPTIMISE[@]}"; do first+=(--config "profile.dev.package.$name.opt-level=0"); done
    # Its own -O2 stands before these.
    local -x CFLAGS="${CFLAGS:-} -O0 -g0" CXXFLAGS="${CXXFLAGS:-} -O0 -g0"
  fi
  cargo build --locked "${first[@]}" "$@"
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
  first_build "$@"
  wait "$install_job"
  install_job=""
}

# install_end: ends the install when the script fails while it runs; for the trap on EXIT.
install_end() {
  if [[ -n $install_job ]]; then kill -TERM "$install_job" 2>/dev/null || true; fi
}
