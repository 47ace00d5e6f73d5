#!/usr/bin/env bash
# The scenarios of compose/disasters that lose or spoil a part, and the one command that mends each: workers/DISASTERS.md. Sourced.

# shellcheck disable=SC2154,SC2329  # compose/disasters sets what is not set here, and calls them by name

# lines NAME: how long a worker's log is now.
lines() { wc -l <"$(worker_log "$1")"; }
# alarmed NAME LINES WORDS: whether it says, after so many lines, that someone must act, and these words.
alarmed() { tail -n "+$(($2 + 1))" "$(worker_log "$1")" | grep -F 'someone must act' | grep -q -F "$3"; }

kafka_data() { echo "$MILLRACE_INSTANCE_DIR/kafka/data"; }

# The topic's files are gone, as after a lost disk without copies; nothing is embedded again.
scenario_lost_ledger() {
  local from before
  from=$(lines chunk)
  "$here/servers/kafka/run" stop
  rm -rf "$(kafka_data)"/ledger.*
  "$here/servers/kafka/run" start
  revise_some 20
  put
  until_true 90 "the alarm of chunk" alarmed chunk "$from" "ledger rebuild"
  before=$(embedded)
  "$millrace" ledger rebuild --yes
  settle
  must_find "$(marker "$(pick_staged)" "$(<"$STATE/revision")")" "a text put while the ledger was lost"
  (($(embedded) - before <= 200)) || fail "$(($(embedded) - before)) passages were embedded, for 20 changed documents"
  note "rebuilt from the chunks; $(($(embedded) - before)) passages embedded, all of the 20 changed documents"
}

# lose_kafka: every topic, every offset: a new, empty Kafka under the same address, after the workers were stopped.
lose_kafka() {
  local worker
  for worker in "${WORKERS[@]}"; do "$here/worker" stop "$worker"; done
  "$here/servers/kafka/run" stop
  rm -rf "$(kafka_data)"
  "$here/servers/kafka/run" start
}

# The engines still hold the old versions.
scenario_lost_kafka() {
  local worker
  lose_kafka
  # A document that goes away meanwhile leaves the engines too; the notice of it is lost with Kafka.
  remove "$(pick 1)"
  revise_some 20
  "$millrace" ledger rebuild --yes --partitions "$PARTITIONS"
  for worker in "${WORKERS[@]}"; do start "$worker"; done
  put
  settle
  must_find "$(marker "$(pick_staged)" "$(<"$STATE/revision")")" "a text put after Kafka was lost"
}

# export_log: the log as it is now, in the bucket. Few need that command, so the program has it only if it was built with it.
export_log() {
  if "$millrace" export --json >"$STATE/export.json" 2>"$STATE/export.log"; then return 0; fi
  cat "$STATE/export.log"
  if grep -q 'was built without' "$STATE/export.log"; then
    fail "$millrace was built without export and import: cargo build --workspace --bins --features millrace/archive"
  fi
  fail "nothing was exported: $(tail -n 1 "$STATE/export.log")"
}

# held URL KEY…: an engine's answer about the passages of these documents: their number, and the texts of at most 1,000.
held() {
  local url=$1/${MILLRACE_INDEX:-domain_vectors}/_search
  shift
  # shellcheck disable=SC2016  # it is jq's program
  jq -nc --arg bucket "$MILLRACE_BUCKET" '{size: 1000, _source: ["text"], track_total_hits: true,
    query: {terms: {document: [$ARGS.positional[] | "\($bucket)/\(.)"]}}}' --args "$@" |
    curl -fsS -m 30 -H 'content-type: application/json' "$url" -d @-
}

# both_hold KEY REVISION: both engines hold the text that this document got with this revision.
both_hold() {
  local url texts
  for url in "$MILLRACE_OPENSEARCH_URL" "$MILLRACE_ELASTICSEARCH_URL"; do
    texts=$(held "$url" "$1" | jq -r '.hits.hits[]._source.text')
    [[ $texts == *"$(marker "$1" "$2")"* ]] || fail "$url does not hold the text that $1 got with revision $2"
  done
}

# neither_holds KEY…: no engine holds a passage of these documents.
neither_holds() {
  local url count
  for url in "$MILLRACE_OPENSEARCH_URL" "$MILLRACE_ELASTICSEARCH_URL"; do
    count=$(held "$url" "$@" | jq .hits.total.value)
    ((count == 0)) || fail "$url still holds $count passages of documents that were deleted: $*"
  done
}

nothing_behind() {
  [[ $("$millrace" status --json 2>>"$STATE/millrace.log" | tail -n 1 | jq '[.lags[].behind] | add') == 0 ]]
}

# mended: nothing is on its way, and an audit, which has repaired what differs, finds everything equal.
mended() {
  nothing_behind && "$millrace" audit --repair --json >"$STATE/repair.json" 2>>"$STATE/millrace.log"
}

# mend_by_export PREFIX: the commands of workers/DISASTERS.md, All of Kafka, with an export; the workers are stopped.
mend_by_export() {
  local worker
  "$millrace" import "$1" --yes --json >"$STATE/import.json"
  "$millrace" ledger rebuild --yes
  for worker in "${WORKERS[@]}"; do start "$worker"; done
  "$millrace" reconcile
  until_true "$PATIENCE" "an audit that finds everything equal" mended
}

# put_and_remember: puts what is staged; `latest` of the caller has the revision of each.
put_and_remember() {
  local key
  while IFS= read -r key; do latest[$key]=$(<"$STATE/revision"); done < <(staged)
  put
}

# only_changed_were_embedded KEY…: since the workers were started, embed has embedded no more than these documents have passages.
only_changed_were_embedded() {
  local embedded count chunks
  embedded=$(embedded)
  count=$(held "$MILLRACE_ELASTICSEARCH_URL" "$@" | jq .hits.total.value)
  chunks=$(jq .ledger_chunks "$STATE/audit.json")
  ((count < chunks)) || fail "everything was changed ($chunks passages): that proves nothing"
  ((embedded > 0 && embedded <= count)) || fail "$embedded passages were embedded, and the $# documents that changed have $count"
  note "$(jq .written "$STATE/import.json") records imported; $embedded passages embedded, of the $# documents that changed since the export, which have $count of $chunks"
}

# All of Kafka again, and there is an export of its log: what changed since is looked at again, and nothing else is embedded.
scenario_lost_kafka_exported() {
  local late key gone=()
  local -A latest=()
  settle
  export_log
  [[ $(jq '.writers | length' "$STATE/export.json") == 2 ]] || fail "an engine does not hold what was exported: $(tail -n 1 "$STATE/export.log")"
  # What the engines know later than the export: deleted, changed and new documents.
  mapfile -t gone < <(pick 2)
  remove "${gone[@]}"
  revise_some 5
  late=$(pick_staged)
  put_and_remember
  write_some exported 3
  put_and_remember
  settle
  lose_kafka
  # What only the bucket knows: one of those is deleted, and others are changed.
  remove "$late"
  gone+=("$late")
  unset 'latest[$late]'
  revise_some 4
  put_and_remember
  mend_by_export "$(jq -r .prefix "$STATE/export.json")"
  [[ $(jq .written "$STATE/import.json") == "$(jq .records "$STATE/export.json")" ]] || fail "another number of records was imported: $(<"$STATE/import.json")"
  [[ $(jq '.writers | length' "$STATE/import.json") == 2 ]] || fail "an engine's indexes were not taken for those of the export: $(<"$STATE/import.json")"
  settle
  for key in "${!latest[@]}"; do both_hold "$key" "${latest[$key]}"; done
  neither_holds "${gone[@]}"
  must_find "$(marker "$(pick_staged)" "$(<"$STATE/revision")")" "a text put after Kafka was lost"
  only_changed_were_embedded "${!latest[@]}"
}

# Its data is gone: the worker makes the indexes anew and writes the log again. Nobody has to run anything.
lost_engine() {
  local server=$1 digest
  settle
  digest=$(jq -r ".engines.$server.digest" "$STATE/audit.json")
  "$here/servers/$server/run" kill
  rm -rf "$MILLRACE_INSTANCE_DIR/$server/data"
  "$here/servers/$server/run" start
  settle
  # The same log gives the same index.
  [[ $(jq -r ".engines.$server.digest" "$STATE/audit.json") == "$digest" ]] || fail "the index that was written again has another digest"
  note "written again from the log, the same digest ${digest:0:16}"
}

scenario_lost_opensearch() { lost_engine opensearch; }
scenario_lost_elasticsearch() { lost_engine elasticsearch; }

# The guard as it is never trips on so few documents. `chunk` is started again as the others are when the scenario ends.
start_guarded_chunk() {
  "$here/worker" stop chunk
  MILLRACE_GUARD_LEAST=2 start chunk
}

# Nearly all objects are deleted by mistake: the guard holds, the passages stay. They are put again.
scenario_emptied_bucket() {
  local from keys key found=0
  revise_some 30
  put
  settle
  start_guarded_chunk
  from=$(lines chunk)
  keys=$(cd "$DOCUMENTS" && find . -type f | sed 's#^\./##' | wc -l)
  mc_remove_everything
  until_true 120 "the guard of chunk" alarmed chunk "$from" "millrace confirm"
  # At most a fifth of each partition's documents went before the guard held.
  while IFS= read -r key; do
    [[ $(hits "$(marker "$key" "$(<"$STATE/revision")")") == 0 ]] || found=$((found + 1))
  done < <(cd "$CHANGED" && find . -type f | sed 's#^\./##')
  ((found >= 15)) || fail "of 30 texts whose objects were deleted by mistake $found are found"
  "$millrace" put "$DOCUMENTS"
  "$millrace" reconcile
  settle
  "$here/worker" stop chunk
  start chunk
  note "$keys objects deleted, the guard held, $found of 30 texts still found, all put again"
}

# The same, and it is meant: confirm lets the deletions through.
scenario_confirmed_removal() {
  local from
  start_guarded_chunk
  from=$(lines chunk)
  mc_remove_everything
  until_true 120 "the guard of chunk" alarmed chunk "$from" "millrace confirm"
  "$millrace" confirm --yes
  find "$DOCUMENTS" -type f -delete
  settle
  "$here/worker" stop chunk
  start chunk
  make_corpus ""
  "$millrace" put "$DOCUMENTS"
  settle
}

# Everything below the bucket, by the command that people use.
mc_remove_everything() {
  (cd "$DOCUMENTS" && find . -type f | sed 's#^\./##' | tr '\n' '\0' | xargs -0 -n 200 "$millrace" rm --) >>"$STATE/millrace.log"
}

# Broken bytes in the working copy of every partition, under a chunk that was killed.
scenario_corrupt_copy() {
  local file damaged=0
  kill_worker chunk
  while IFS= read -r file; do
    dd if=/dev/urandom of="$file" bs=4096 count=4 seek=1 conv=notrunc status=none
    damaged=$((damaged + 1))
  done < <(find "$MILLRACE_INSTANCE_DIR/data/chunk" -type f -size +16k)
  ((damaged > 0)) || fail "there is no working copy to damage"
  revise_some 20
  put
  start chunk
  settle
  must_find "$(marker "$(pick_staged)" "$(<"$STATE/revision")")" "a text put while the working copy was broken"
  note "$damaged files damaged"
}

# index_of URL: the physical index of passages.
index_of() { curl -fs "$1/_cat/indices/${MILLRACE_INDEX:-domain_vectors}-*?h=index" | grep -v -- '-documents' | head -n 1; }

ask_engine() { curl -fsS -m 30 -H 'content-type: application/json' "$@" >>"$STATE/engine.log"; }

# Three documents vanish from one engine and a passage that nobody wrote appears in the other.
scenario_audit_repair() {
  local index stray document key keys
  settle
  mapfile -t keys < <(pick 3)
  index=$(index_of "$MILLRACE_OPENSEARCH_URL")
  for key in "${keys[@]}"; do
    ask_engine -X POST "$MILLRACE_OPENSEARCH_URL/$index/_delete_by_query?refresh=true" \
      -d "$(jq -n --arg document "$MILLRACE_BUCKET/$key" '{query: {term: {document: $document}}}')"
  done
  index=$(index_of "$MILLRACE_ELASTICSEARCH_URL")
  document=$MILLRACE_BUCKET/${keys[0]}
  stray=$(curl -fsS -H 'content-type: application/json' "$MILLRACE_ELASTICSEARCH_URL/$index/_search" \
    -d "$(jq -n --arg document "$document" '{size: 1, query: {term: {document: $document}}}')" |
    jq -c '.hits.hits[0]._source | .id = "00000000000000000000000000000bad" | .text = "a stray passage" | del(.vector)')
  ask_engine -X PUT "$MILLRACE_ELASTICSEARCH_URL/$index/_doc/00000000000000000000000000000bad?refresh=true&version=1&version_type=external" -d "$stray"
  ! "$millrace" audit --json >"$STATE/audit.json" 2>>"$STATE/millrace.log" || fail "the audit does not see what was done to the engines"
  [[ $(jq -r '[.differences[].document] | unique | length' "$STATE/audit.json") == 3 ]] || fail "it names other documents: $(jq -c '[.differences[].document] | unique' "$STATE/audit.json")"
  "$millrace" audit --repair --json >"$STATE/repair.json" 2>>"$STATE/millrace.log" || true
  settle
  note "3 documents lost by one engine and a stray passage in the other: named, repaired"
}

# One engine is empty, and a snapshot of it is in an S3 store: a generation is made of it, takes what came after, and is served.
scenario_snapshot_in_store() {
  local name id digest
  if [[ ${MILLRACE_OPENSEARCH_S3:-0} != 1 ]]; then
    note "left out: it needs compose/install opensearch-s3 and MILLRACE_OPENSEARCH_S3=1"
    return 0
  fi
  local repository=(--repository snapshots --repository-type s3 --repository-setting bucket=backup --repository-setting base_path=millrace)
  settle
  MILLRACE_BUCKET=backup "$millrace" bucket init
  name=$(MILLRACE_ENGINES=opensearch "$millrace" snapshot create "${repository[@]}" --json | jq -r .opensearch.name)
  "$here/worker" stop index
  "$here/servers/opensearch/run" kill
  rm -rf "$MILLRACE_INSTANCE_DIR/opensearch/data"
  "$here/servers/opensearch/run" start
  revise_some 20
  put
  id=$(MILLRACE_ENGINES=opensearch "$millrace" snapshot restore "${repository[@]}" "$name" --json | jq -r .opensearch.generation)
  start index
  "$millrace" generation status "$id" --until-built --patience "$PATIENCE"
  "$millrace" generation promote "$id" --patience "$PATIENCE"
  settle
  digest=$(jq -r .engines.opensearch.digest "$STATE/audit.json")
  [[ $digest == "$(jq -r .engines.elasticsearch.digest "$STATE/audit.json")" ]] || fail "the restored index has another digest than Elasticsearch"
  must_find "$(marker "$(pick_staged)" "$(<"$STATE/revision")")" "a text put after the snapshot"
  note "restored from the store as $id, with what came after: digest ${digest:0:16} in both engines"
}
