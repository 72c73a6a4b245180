# shellcheck shell=bash
# Sourced after ../installed.sh and ../engines/at-exit.sh: one broker of Kafka until this script ends.

# start_kafka [FOLDER]: a broker that keeps its log in FOLDER (a new one when absent); its address goes to $kafka_address, its
# process to $kafka_pid. Started again with the same folder it has the same port and log.
start_kafka() {
  kafka_folder="${1:-$(mktemp -d "$peers_home/kafka-XXXXXX")}"
  [ -n "${1:-}" ] || at_exit "rm -rf $kafka_folder"
  local java
  java="$(java_home 17)/bin/java"
  jars kafka org.apache.kafka:kafka_2.13:4.4.0 org.apache.logging.log4j:log4j-slf4j-impl:2.25.5
  mkdir -p "$kafka_folder"
  [ -f "$kafka_folder/server.properties" ] || kafka_settings "$(free_port)" "$(free_port)"
  kafka_address="$(sed -nE 's/^advertised.listeners=PLAINTEXT:\/\///p' "$kafka_folder/server.properties")"
  local run=("$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "-Dlog4j2.configurationFile=$kafka_folder/log4j2.yaml" -cp "$jars_home/*")
  [ -f "$kafka_folder/log/meta.properties" ] ||
    "${run[@]}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$kafka_folder/server.properties" > "$kafka_folder/out" 2>&1 ||
    { cat "$kafka_folder/out"; return 1; }
  "${run[@]}" -Xms256m -Xmx512m kafka.Kafka "$kafka_folder/server.properties" >> "$kafka_folder/out" 2>&1 &
  kafka_pid=$!
  at_exit "stop_process $kafka_pid"
  wait_for_port "$kafka_address" "$kafka_pid" "$kafka_folder/out"
}

kafka_settings() {
  cat > "$kafka_folder/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$kafka_folder/log
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
P
  cat > "$kafka_folder/log4j2.yaml" <<'P'
Configuration:
  Appenders: {Console: {name: C, PatternLayout: {pattern: "%d %p %c{1} %m%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: {ref: C}}}
P
}

# wait_for_port HOST:PORT PID LOG: until something listens there; 60 s at most.
wait_for_port() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if (exec 3<> "/dev/tcp/${1%:*}/${1#*:}") 2> /dev/null; then return 0; fi
    kill -0 "$2" 2> /dev/null || break
    sleep 0.2
  done
  tail -30 "$3"
  echo "nothing listens at $1"
  return 1
}
