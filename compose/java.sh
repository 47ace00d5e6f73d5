#!/usr/bin/env bash
# Finds the Java that the servers run on. Sourced.

JAVA_MINIMUM=21 # OpenSearch 3 and Elasticsearch 9 need it; Kafka 4 would do with 17

# java_version FOLDER PROGRAM: the main version of the Java in FOLDER, or nothing if there is none that has PROGRAM.
java_version() {
  [[ -x $1/bin/$2 && -r $1/release ]] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# java_home [MINIMUM MAXIMUM PROGRAM]: the folder of $JAVA_HOME's Java if its version fits and it has PROGRAM, or else of the
# newest one on this machine that does. Without arguments: a JDK that everything but Elasticsearch 8 runs on.
java_home() {
  local minimum=${1:-$JAVA_MINIMUM} maximum=${2:-} program=${3:-javac} folder version best="" best_version=0
  for folder in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    version=$(java_version "$folder" "$program")
    if ((${version:-0} >= minimum && ${version:-0} <= ${maximum:-999} && ${version:-0} > best_version)); then
      best=$folder best_version=$version
      [[ $folder != "${JAVA_HOME:-}" ]] || break
    fi
  done
  if [[ -z $best ]]; then
    echo "java.sh: no Java $minimum ${maximum:+to }${maximum:-or newer} with bin/$program in /usr/lib/jvm or \$JAVA_HOME: install one" >&2
    return 1
  fi
  echo "$best"
}
