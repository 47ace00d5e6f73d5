#!/usr/bin/env bash
# The versions that compose/install installs, all in one place. Sourced. Change one, and the next install replaces what
# it belongs to.
# shellcheck disable=SC2034  # used by the scripts that source this

KAFKA_VERSION=4.4.0
SLF4J_VERSION=1.7.36
OPENSEARCH_VERSION=3.6.0
# The plugins have a version of their own, which must fit the server's exactly. Never ask Maven Central for the latest
# one: its list of these is incomplete.
OPENSEARCH_PLUGIN_VERSION=3.6.0.0
# What ML Commons runs models with (opensearch-ml): libtorch, and the bridge to it, whose version begins with libtorch's.
LIBTORCH_VERSION=2.5.1
LIBTORCH_JNI_VERSION=2.5.1-0.32.0
ELASTICSEARCH_VERSION=9.5.3
# The one that clouds still sell, for the second run of the engines' tests. Another may be tried by saying so:
# ELASTICSEARCH_8_VERSION=8.15.3 compose/install elasticsearch-8
ELASTICSEARCH_8_VERSION=${ELASTICSEARCH_8_VERSION:-8.17.0}
VERSITYGW_VERSION=v1.8.0
# MinIO has no release tags that Go understands: this is the commit of 12 February 2026.
MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
ONNXRUNTIME_VERSION=1.32.0
CARGO_DENY_VERSION=0.20.2
TYPOS_VERSION=1.52.0
