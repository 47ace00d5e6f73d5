#!/usr/bin/env bash
# Finds the JDK that the servers run on. Sourced.

JAVA_MINIMUM=21 # OpenSearch 3 and Elasticsearch 9 need it; Kafka 4 would do with 17

# java_version FOLDER: the main version of the JDK in FOLDER, or nothing if there is none.
java_version() {
  [[ -x $1/bin/java && -x $1/bin/javac && -r $1/release ]] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# Prints the folder of $JAVA_HOME's JDK if that is new enough, or else of the newest one on this machine.
java_home() {
  local folder version best="" best_version=0
  for folder in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    version=$(java_version "$folder")
    if ((${version:-0} >= JAVA_MINIMUM && ${version:-0} > best_version)); then
      best=$folder best_version=$version
      [[ $folder != "${JAVA_HOME:-}" ]] || break
    fi
  done
  if [[ -z $best ]]; then
    echo "java.sh: no JDK $JAVA_MINIMUM or newer in /usr/lib/jvm or \$JAVA_HOME: install one (a JDK with javac, not a JRE)" >&2
    return 1
  fi
  echo "$best"
}
