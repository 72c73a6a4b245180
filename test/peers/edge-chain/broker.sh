#!/usr/bin/env bash
# One broker for edge-chain.ts: broker.sh kafka|mosquitto FOLDER. Says its address and its process once it listens, and
# ends with it, whoever kills it.
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../edge-servers/kafka.sh"
source "$here/../edge-servers/mosquitto.sh"
trap 'exit 0' TERM
if [ "$1" = kafka ]; then
  start_kafka "$2"
  echo "$kafka_address $kafka_pid"
  wait "$kafka_pid" || true
else
  start_mosquitto "$2"
  echo "$mqtt_uri $mosquitto_pid"
  wait "$mosquitto_pid" || true
fi
