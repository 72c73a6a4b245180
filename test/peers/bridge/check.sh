#!/usr/bin/env bash
# From MQTT to Kafka and out again: bridges and brokers that are killed, poison, lost answers of Kafka, aborted transactions
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
folder="$(mktemp -d "$peers_home/bridge-XXXXXX")"
at_exit "rm -rf $folder"
node "$here/bridge.ts" "$folder" || { tail -n 20 "$folder"/*.log; exit 1; }
