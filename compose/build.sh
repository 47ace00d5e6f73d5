#!/usr/bin/env bash
# Installs and builds side by side, for compose/demo and compose/try. Sourced after instance.sh.

install_job=""

# Libraries that Cargo.toml optimises, so that tests are fast, for longer than a first look at the programs gains by it: seconds of the
# processor to compile them optimised and not, tokenizers 69 and 11, regex-automata 30 and 7, lsm-tree 29 and 6, aho-corasick 12 and 3.
# A tokenizer that is not still reads 40,000 tokens a second, and the model a thirtieth of that.
SLOW_TO_OPTIMISE=(tokenizers regex-automata lsm-tree fjall aho-corasick)

# first_build: sets `first`, the options of a build that nobody has developed on. It leaves out these optimisations, and what only
# later builds and debuggers use (`document`: 14 s of the processor with it, 9 without). Where cargo was run as Cargo.toml says, which
# its incremental state shows, everything is built so.
first_build() {
  local name
  first=()
  # Cargo makes the folder itself in any case.
  if compgen -G "${CARGO_TARGET_DIR:-$REPO_DIR/target}/debug/incremental/*" >/dev/null; then return 0; fi
  first=(--config profile.dev.incremental=false --config profile.dev.debug=false)
  for name in "${SLOW_TO_OPTIMISE[@]}"; do first+=(--config "profile.dev.package.$name.opt-level=0"); done
}

# install_and_build STAGE… -- ARGUMENT…: installs these stages of compose/install while cargo builds with these arguments. An
# install is mostly waiting for downloads, so it costs the build little. What cargo compiles needs the system's packages: they
# come first.
install_and_build() {
  local stages=() first
  while [[ $1 != -- ]]; do
    stages+=("$1")
    shift
  done
  shift
  "$COMPOSE_DIR/install" packages
  "$COMPOSE_DIR/install" "${stages[@]}" &
  install_job=$!
  first_build
  cargo build --locked "${first[@]}" "$@"
  wait "$install_job"
  install_job=""
}

# install_end: ends the install when the script fails while it runs; for the trap on EXIT.
install_end() {
  if [[ -n $install_job ]]; then kill -TERM "$install_job" 2>/dev/null || true; fi
}
