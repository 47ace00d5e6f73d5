#!/usr/bin/env bash
# The documents of compose/disasters and loadtest/outage: a local mirror of what is in the bucket, and how it is changed. Sourced.
#
# Everything is derived from names and a revision number that only goes up, so that two runs do the same.

# shellcheck disable=SC2154  # compose/disasters sets what is not set here

DOCUMENTS=$STATE/documents # what the bucket holds
CHANGED=$STATE/changed     # what is put next
WORDS="river stone mill wheel water gate grain flour sack cart road hill town market bread oven baker smoke chimney roof beam
  rope axle gear tooth shaft hopper sieve bran husk field plough seed rain cloud storm flood dam sluice weir pond heron reed frog
  otter bridge lantern ledger coin scale weight measure winter spring summer autumn morning evening neighbour miller"

# soup SEED SENTENCES: the same text for the same seed.
soup() {
  awk -v seed="$(printf '%s' "$1" | cksum | cut -d' ' -f1)" -v sentences="$2" -v words="$WORDS" 'BEGIN {
    count = split(words, word, " ")
    seed = seed % 2147483646 + 1
    for (i = 0; i < sentences; i++) {
      line = ""
      for (j = 0; j < 14; j++) { seed = (seed * 16807) % 2147483647; line = line (j ? " " : "The ") word[seed % count + 1] }
      print line "."
    }
  }'
}

# marker KEY REVISION: a word of letters that stands in this revision of this document and nowhere else.
marker() { printf 'q%s' "$(printf '%s %s' "$1" "$2" | sha1sum | cut -c1-16 | tr 0-9 g-p)"; }

# write KEY REVISION: a new document (or a new text of an old one) with its marker, of five sections.
write() {
  local section
  mkdir -p "$(dirname "$DOCUMENTS/$1")"
  {
    printf '# On %s\n\n%s %s\n' "${1##*/}" "$(marker "$1" "$2")" "$(soup "$1 $2 0" 1)"
    for section in 1 2 3 4; do printf '\n## Part %s\n\n%s\n' "$section" "$(soup "$1 $2 $section" 6)"; done
  } >"$DOCUMENTS/$1"
}

# revise KEY REVISION: changes the last passage of a document and leaves the others.
revise() {
  local file=$DOCUMENTS/$1
  sed -i '/^## Revision of this test$/,$d' "$file"
  printf '## Revision of this test\n\n%s %s\n' "$(marker "$1" "$2")" "$(soup "$1 $2" 4)" >>"$file"
}

# make_corpus FOLDER: the mirror, from a folder or written here.
make_corpus() {
  local n
  mkdir -p "$DOCUMENTS"
  echo 1 >"$STATE/revision"
  if [[ -n $1 ]]; then
    cp -rL "$1/." "$DOCUMENTS/"
    chmod -R u+w "$DOCUMENTS"
  else
    for n in $(seq -w 60); do write "guide/$((10#$n % 5))/page-$n.md" 1; done
  fi
  if (($(pick 40 | wc -l) < 30)); then
    echo "disasters: the folder needs 30 Markdown or text files at least: they are what is changed" >&2
    exit 2
  fi
}

# The next revision's number.
next_revision() {
  local revision
  revision=$(($(<"$STATE/revision") + 1))
  echo "$revision" | tee "$STATE/revision"
}

# pick N: keys of N documents that can be changed, others each time the revision goes up.
pick() (
  seed=$(<"$STATE/revision")
  cd "$DOCUMENTS" || exit
  # The text formats only. Shuffled by a sum of key and revision, so that every run picks the same.
  find . -type f \( -name '*.md' -o -name '*.txt' \) ! -path '*/.*' | sed 's#^\./##' | sort |
    while IFS= read -r key; do printf '%s\t%s\n' "$(printf '%s %s' "$seed" "$key" | cksum | cut -d' ' -f1)" "$key"; done |
    sort -n | awk -v most="$1" 'NR <= most' | cut -f2-
)

# stage KEY…: these documents are what is put next.
stage() {
  local key
  rm -rf "$CHANGED"
  for key in "$@"; do
    mkdir -p "$(dirname "$CHANGED/$key")"
    cp "$DOCUMENTS/$key" "$CHANGED/$key"
  done
}

# The keys of what was put last, and one of them.
staged() (cd "$CHANGED" && find . -type f | sed 's#^\./##' | sort)
pick_staged() { staged | head -n 1; }

put() { "$millrace" put "$CHANGED"; }

# remove KEY…: from the bucket and from the mirror.
remove() {
  local key
  "$millrace" rm "$@"
  for key in "$@"; do rm -f "$DOCUMENTS/${key:?}"; done
}

# revise_some N: changes the last passage of N documents and stages them.
revise_some() {
  local revision key keys
  revision=$(next_revision)
  mapfile -t keys < <(pick "$1")
  for key in "${keys[@]}"; do revise "$key" "$revision"; done
  stage "${keys[@]}"
}

# write_some PREFIX N: N new documents below PREFIX, staged; their keys are printed.
write_some() {
  local revision n key keys=()
  revision=$(next_revision)
  for n in $(seq -w "$2"); do
    key=$1/page-$n.md
    write "$key" "$revision"
    keys+=("$key")
  done
  stage "${keys[@]}"
  printf '%s\n' "${keys[@]}"
}
