#!/usr/bin/env bash
# A sink on a real Kafka: broken messages, kills, a sink that wakes up late, a retention that was too short, a topic made again
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../edge-servers/kafka.sh"
folder="$(mktemp -d "$peers_home/sink-XXXXXX")"
at_exit "rm -rf $folder"
start_kafka
node "$here/sink.ts" "$kafka_address" "$folder" || { tail -n 20 "$folder"/*.log; exit 1; }
