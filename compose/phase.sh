#!/usr/bin/env bash
# Times the phases of a long script, for compose/demo and compose/test. Sourced.

phase_names=()
phase_seconds=()
phase_name="" phase_began=0

# phase NAME: ends the phase before, and says what begins.
phase() {
  phase_end
  phase_name=$1 phase_began=$SECONDS
  printf '\n== %s\n' "$1"
}

phase_end() {
  [[ -n $phase_name ]] || return 0
  phase_names+=("$phase_name")
  phase_seconds+=("$((SECONDS - phase_began))")
  phase_name=""
}

# phase_table: seconds per phase, as far as it came.
phase_table() {
  local i
  phase_end
  printf '\n%8s  %s\n' seconds phase
  for i in "${!phase_names[@]}"; do printf '%8s  %s\n' "${phase_seconds[$i]}" "${phase_names[$i]}"; done
  printf '%8s  %s\n' "$SECONDS" "in all"
}
