# shellcheck shell=bash
# Sourced after ../installed.sh: Trino 476 as one process on a free port. Needs Java 24 or newer and Maven.
source "$(dirname "${BASH_SOURCE[0]}")/at-exit.sh"
trino_version=476
# Of some sixty plugins, those that checks use: the others take two thirds of the disk.
trino_plugins='iceberg memory tpch postgresql'

# install_trino: its folder goes to $trino_home.
install_trino() {
  trino_home="$peers_home/trino-server-$trino_version"
  locked trino unpack_trino
}

unpack_trino() {
  if [ -f "$trino_home/installed" ]; then return 0; fi
  local archive="${MAVEN_REPOSITORY:-$HOME/.m2/repository}/io/trino/trino-server/$trino_version/trino-server-$trino_version.tar.gz" plugin
  maven dependency:get -Dartifact="io.trino:trino-server:$trino_version:tar.gz" -Dtransitive=false
  rm -rf "$trino_home"
  tar xzf "$archive" -C "$peers_home"
  for plugin in "$trino_home"/plugin/*/; do
    case " $trino_plugins " in *" $(basename "$plugin") "*) ;; *) rm -rf "$plugin" ;; esac
  done
  rm -f "$archive"
  touch "$trino_home/installed"
}

# start_trino CATALOG_URI [FOLDER]: the lake is the Trino catalog `lake`; *.properties of FOLDER become further catalogs.
# The address goes to $trino_uri. It ends with this script.
start_trino() {
  install_trino
  local java port etc log pid
  java="$(java_home 24)"
  port="$(free_port)"
  etc="$(mktemp -d "$peers_home/trino-run-XXXXXX")"
  log="$etc/trino.log"
  mkdir "$etc/catalog"
  cat > "$etc/node.properties" <<P
node.environment=peers
node.id=peers-1
node.data-dir=$etc/data
P
  # Its start is most of what it does in a check, and takes half of the processor time with the first compiler alone.
  cat > "$etc/jvm.config" <<P
-Xmx${TRINO_HEAP:-1g}
-XX:+UseSerialGC
-XX:+ExitOnOutOfMemoryError
${TRINO_COMPILER:--XX:TieredStopAtLevel=1}
-XX:ReservedCodeCacheSize=256M
-Djdk.attach.allowAttachSelf=true
-Dfile.encoding=UTF-8
--add-modules=jdk.incubator.vector
--enable-native-access=ALL-UNNAMED
--sun-misc-unsafe-memory-access=allow
P
  cat > "$etc/config.properties" <<P
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$port
node.internal-address=127.0.0.1
node.bind-ip=127.0.0.1
discovery.uri=http://127.0.0.1:$port
query.max-memory=600MB
query.max-memory-per-node=400MB
web-ui.enabled=false
P
  echo 'io.trino=WARN' > "$etc/log.properties"
  cat > "$etc/catalog/lake.properties" <<P
connector.name=iceberg
iceberg.catalog.type=rest
iceberg.rest-catalog.uri=$1
fs.hadoop.enabled=true
P
  if [ -n "${2:-}" ]; then cp "$2"/*.properties "$etc/catalog/"; fi
  JAVA_HOME="$java" PATH="$java/bin:$PATH" "$trino_home/bin/launcher" run --etc-dir "$etc" > "$log" 2>&1 &
  pid=$!
  at_exit "stop_process $pid; rm -rf $etc"
  trino_uri="http://127.0.0.1:$port"
  wait_for_answer "$trino_uri/v1/info" "$pid" "$log" '"starting":false'
}
