#!/usr/bin/env bash
# One instance of Millrace on this machine: its paths, its ports, and the MILLRACE_* settings that the programs read.
# Sourced by the scripts of this folder. For a shell of your own: eval "$(compose/instance.sh [NAME])"
#
# Set these first to change what it says:
#   MILLRACE_HOME         where everything is installed and kept (default /var/tmp/millrace). The servers run as `nobody`
#                         when you are root, since OpenSearch and Elasticsearch refuse root: it must be able to get there.
#   MILLRACE_INSTANCE     which instance: demo (the default), test, or a name of your own
#   MILLRACE_MODEL        the folder of a model bundle (default all-MiniLM-L6-v2, which compose/install makes)
#   MILLRACE_STORE        which S3 server: versitygw (the default) or minio
#   MILLRACE_OPENSEARCH_ML  1: OpenSearch is the one that runs models itself (compose/install opensearch-ml)
#   MILLRACE_OPENSEARCH_S3  1: OpenSearch is the one that keeps snapshots in the store (compose/install opensearch-s3)
#   MILLRACE_BROKERS      how many brokers Kafka has: 1 (the default), or 3 with a controller of their own
#   MILLRACE_PORT_OFFSET  added to every port: 0 for demo and 1000 for test; a name of your own needs one
# shellcheck disable=SC2034  # the ports and folders are used by the scripts that source this

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  MILLRACE_INSTANCE=${1:-${MILLRACE_INSTANCE:-demo}}
fi

COMPOSE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO_DIR=$(dirname "$COMPOSE_DIR")

export MILLRACE_HOME=${MILLRACE_HOME:-/var/tmp/millrace}
export MILLRACE_INSTANCE=${MILLRACE_INSTANCE:-demo}
if [[ $MILLRACE_HOME != /* || $MILLRACE_HOME == *[[:space:]]* ]]; then
  echo "instance.sh: MILLRACE_HOME is '$MILLRACE_HOME': it must be an absolute path without spaces" >&2
  exit 2
fi
if [[ ! $MILLRACE_INSTANCE =~ ^[a-z][a-z0-9-]*$ ]]; then
  echo "instance.sh: '$MILLRACE_INSTANCE' is no name for an instance: small letters, digits and dashes, a letter first" >&2
  exit 2
fi

export MILLRACE_STORE=${MILLRACE_STORE:-versitygw}
case $MILLRACE_STORE in
  # It tells Kafka of all its buckets, and forgets what Kafka did not take: `millrace reconcile` finds that.
  versitygw) STORE_NOTIFY=() STORE_KEEPS_NOTICES=false ;;
  # It tells of the buckets that ask for it, and keeps on disk what Kafka did not take.
  minio) STORE_NOTIFY=(--notify arn:minio:sqs::A:kafka) STORE_KEEPS_NOTICES=true ;;
  *)
    echo "instance.sh: MILLRACE_STORE is '$MILLRACE_STORE': it must be versitygw or minio" >&2
    exit 2
    ;;
esac

case $MILLRACE_INSTANCE in
  demo) port_offset=0 ;;
  test) port_offset=1000 ;;
  *)
    port_offset=${MILLRACE_PORT_OFFSET:-}
    if [[ ! $port_offset =~ ^[0-9]+$ ]]; then
      echo "instance.sh: the instance '$MILLRACE_INSTANCE' needs MILLRACE_PORT_OFFSET, for example 2000 (demo has 0, test 1000)" >&2
      exit 2
    fi
    ;;
esac

export MILLRACE_BROKERS=${MILLRACE_BROKERS:-1}
if [[ ! $MILLRACE_BROKERS =~ ^[13]$ ]]; then
  echo "instance.sh: MILLRACE_BROKERS is '$MILLRACE_BROKERS': it must be 1 or 3" >&2
  exit 2
fi

DIST_DIR=$MILLRACE_HOME/dist
LOG_DIR=$MILLRACE_HOME/logs
export MILLRACE_INSTANCE_DIR=$MILLRACE_HOME/instances/$MILLRACE_INSTANCE
# What the commands keep; compose/worker gives each worker a folder of its own in it.
export MILLRACE_DATA=$MILLRACE_INSTANCE_DIR/data

KAFKA_PORT=$((19092 + port_offset))
KAFKA_CONTROLLER_PORT=$((19093 + port_offset))
STORE_PORT=$((19900 + port_offset))
MINIO_CONSOLE_PORT=$((19901 + port_offset))
OPENSEARCH_PORT=$((19210 + port_offset))
OPENSEARCH_TRANSPORT_PORT=$((19310 + port_offset))
ELASTICSEARCH_PORT=$((19500 + port_offset))
ELASTICSEARCH_TRANSPORT_PORT=$((19600 + port_offset))
ELASTICSEARCH_8_PORT=$((19508 + port_offset))
ELASTICSEARCH_8_TRANSPORT_PORT=$((19608 + port_offset))
SERVE_PORT=$((18080 + port_offset))
# Each worker's metrics page: this and its place in the flow (compose/worker).
METRICS_PORT=$((19700 + port_offset))

# Every worker in the order of the flow, and those that a document passes. A new one is added here.
FLOW=(intake chunk embed index replicate)
WORKERS=("${FLOW[@]}" serve train)

# Brokers 2 and 3 listen two and four ports further.
MILLRACE_KAFKA_BROKERS=127.0.0.1:$KAFKA_PORT
if ((MILLRACE_BROKERS == 3)); then
  MILLRACE_KAFKA_BROKERS+=,127.0.0.1:$((KAFKA_PORT + 2)),127.0.0.1:$((KAFKA_PORT + 4))
fi
export MILLRACE_KAFKA_BROKERS
export MILLRACE_S3_ENDPOINT=http://127.0.0.1:$STORE_PORT
export MILLRACE_S3_PATH_STYLE=true
export MILLRACE_S3_REGION=us-east-1
export MILLRACE_S3_ACCESS_KEY_ID=millrace
export MILLRACE_S3_SECRET_ACCESS_KEY=millrace-dev
export MILLRACE_BUCKET=documents
# One machine needs no twelve partitions, and one node has no place for a copy.
export MILLRACE_PARTITIONS=4
export MILLRACE_INDEX_REPLICAS=0
export MILLRACE_OPENSEARCH_URL=http://127.0.0.1:$OPENSEARCH_PORT
export MILLRACE_ELASTICSEARCH_URL=http://127.0.0.1:$ELASTICSEARCH_PORT
export MILLRACE_MODEL=${MILLRACE_MODEL:-$DIST_DIR/models/all-MiniLM-L6-v2}
# Further models are fetched into it, and what trains them is kept.
export MILLRACE_MODELS=${MILLRACE_MODELS:-$MILLRACE_INSTANCE_DIR/models}
export MILLRACE_TRAINER_PROGRAM=${MILLRACE_TRAINER_PROGRAM:-$DIST_DIR/trainer/venv/bin/python}
export MILLRACE_TRAINER_SCRIPT=${MILLRACE_TRAINER_SCRIPT:-$COMPOSE_DIR/trainer/train.py}
export MILLRACE_TRAINER_WORK=${MILLRACE_TRAINER_WORK:-$MILLRACE_INSTANCE_DIR/trainer}
export MILLRACE_ONNXRUNTIME=$DIST_DIR/onnxruntime/libonnxruntime.so
export MILLRACE_SERVE_LISTEN=127.0.0.1:$SERVE_PORT
export MILLRACE_SERVE_URL=http://127.0.0.1:$SERVE_PORT

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  for name in $(compgen -e | grep '^MILLRACE_' | sort); do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
fi
