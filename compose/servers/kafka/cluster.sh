#!/usr/bin/env bash
# The nodes of a Kafka: which there are, how each is set, what is done to all of them. Sourced by run.
# shellcheck disable=SC2154  # run sets node, server_ports and server_user

# Whether this instance has three brokers, or had when they were started: whoever stops them need not know.
is_cluster() { ((MILLRACE_BROKERS == 3)) || [[ -d $MILLRACE_INSTANCE_DIR/kafka-controller ]]; }

# cluster_verb VERB: does it to every node. The controller is there before the brokers and goes after them, as they ask it.
cluster_verb() {
  case $1 in
    start)
      cluster_id >/dev/null
      each_node "$1" controller 1 2 3
      ;;
    stop | kill)
      each_node "$1" 1 2 3
      each_node "$1" controller
      ;;
    *) each_node "$1" controller 1 2 3 ;;
  esac
}

# each_node VERB NODE…: at the same time. A node that does not run is no fault of who stops or kills it.
each_node() {
  local verb=$1 name job jobs=() status=0
  shift
  for name in "$@"; do
    "$here/run" "$verb" "$name" &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do wait "$job" || status=$?; done
  [[ $verb != kill || $status != 3 ]] || status=0
  return "$status"
}

# cluster_truncate TOPIC-PARTITION: cuts the last file of its log in the middle, on one broker, and gives the others a copy of
# what is left: byte for byte the same log, as if none of them had written the rest to its disk.
cluster_truncate() {
  local folders=() folder log index
  # shellcheck source=../../process.sh
  source "$COMPOSE_DIR/process.sh"
  for folder in "$MILLRACE_INSTANCE_DIR"/kafka "$MILLRACE_INSTANCE_DIR"/kafka-[23]; do
    [[ -d $folder/data/$1 ]] || continue
    if process_pid "$folder/pid" >/dev/null; then
      echo "kafka: truncate: stop or kill Kafka first" >&2
      return 2
    fi
    folders+=("$folder/data")
  done
  if ((${#folders[@]} == 0)); then echo "kafka: truncate: no broker has a partition '$1'" >&2; return 2; fi
  for log in "${folders[0]}/$1"/*.log; do [[ ! -s $log ]] || index=${log%.log}; done
  truncate --size="$(($(stat -c %s "$index.log") / 2))" "$index.log"
  # Without these the broker looks through the whole log, and drops a record of which a part is missing.
  rm -f "$index.index" "$index.timeindex" "$index.txnindex" "${folders[0]}/$1"/*.snapshot
  for folder in "${folders[@]}"; do
    rm -f "$folder/.kafka_cleanshutdown"
    [[ $folder != "${folders[0]}" ]] || continue
    rm -rf "${folder:?}/$1"
    cp -r "${folders[0]}/$1" "$folder/$1"
    chown -R --reference="$folder" "$folder/$1"
  done
}

# The id that all nodes share: 22 characters of base64, made once.
cluster_id() {
  local file=$MILLRACE_INSTANCE_DIR/kafka/cluster-id id
  if [[ ! -s $file ]]; then
    mkdir -p "$MILLRACE_INSTANCE_DIR/kafka"
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    echo "A${id:1}" >"$file"
  fi
  cat "$file"
}

# The ports of this node, its own first.
node_ports() {
  if ! is_cluster; then
    echo "$KAFKA_PORT $KAFKA_CONTROLLER_PORT"
  elif [[ $node == controller ]]; then
    echo "$KAFKA_CONTROLLER_PORT"
  else
    echo "$((KAFKA_PORT + 2 * (node - 1)))"
  fi
}

# What differs between the nodes, and then what is the same for all.
node_properties() {
  local template=$here/server.properties.template plain=PLAINTEXT://127.0.0.1:${server_ports[0]}
  local control=CONTROLLER://127.0.0.1:$KAFKA_CONTROLLER_PORT copies=1 least=1 id=1
  if ! is_cluster; then
    printf '%s\n' process.roles=broker,controller "listeners=$plain,$control" "advertised.listeners=$plain"
  elif [[ $node == controller ]]; then
    id=100
    printf '%s\n' process.roles=controller "listeners=$control"
  else
    id=$node
    printf '%s\n' process.roles=broker "listeners=$plain" "advertised.listeners=$plain"
  fi
  if is_cluster; then
    copies=3 least=2
    echo "controller.quorum.voters=100@127.0.0.1:$KAFKA_CONTROLLER_PORT"
    cat "$here/cluster.properties"
  else
    echo "controller.quorum.voters=1@127.0.0.1:$KAFKA_CONTROLLER_PORT"
  fi
  [[ $node == controller ]] || echo inter.broker.listener.name=PLAINTEXT
  echo "node.id=$id"
  sed -e "s#@DATA@#$SERVER_DIR/data#g; s#@COPIES@#$copies#g; s#@LEAST@#$least#g" "$template"
}

# firewall -A|-D: every packet that this broker sends, whoever asked for it, and every packet to its port.
firewall() {
  iptables -w "$1" OUTPUT -m owner --uid-owner "$server_user" -j DROP
  iptables -w "$1" INPUT -p tcp --dport "${server_ports[0]}" -j DROP
}

node_cut() {
  if ! is_cluster || ((EUID != 0)) || ! command -v iptables >/dev/null; then
    server_say "cut: only one broker of three can be cut off, by root and with iptables" >&2
    return 2
  fi
  touch "$SERVER_DIR/cut"
  firewall -A
  server_say "is cut off"
}

node_mend() {
  [[ -f $SERVER_DIR/cut ]] || return 0
  while firewall -D 2>/dev/null; do :; done
  rm -f "$SERVER_DIR/cut"
  server_say "is reached again"
}
