# shellcheck shell=bash
# Sourced by peer checks. Installs peers once into $CUBELAKE_PEERS (default ~/.cache/cubelake-peers) and skips what is there.
set -euo pipefail
peers_home="${CUBELAKE_PEERS:-$HOME/.cache/cubelake-peers}"
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
demo_lake="$peers_home/demo-lake"
export PATH="$repository/node_modules/.bin:$PATH"
mkdir -p "$peers_home"

# Checks run beside each other: what they share is made under a lock, and who waited for it finds it there.

# locked NAME COMMAND...: nobody else runs a command under this name meanwhile.
locked() {
  local name="$1"
  shift
  (
    flock 9
    "$@" 9>&-
  ) 9> "$peers_home/$name.lock"
}

# apt_install PACKAGE...: Debian's packages, quietly; those of servers start none, since a container without an init says no to that.
apt_install() {
  locked apt apt-get update -qq > /dev/null
  DEBIAN_FRONTEND=noninteractive locked apt apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

# maven PARAMETER...: as `mvn`, whose repository of downloads is not for two at a time. It says nothing on stdout, which is the
# caller's (Maven ends with codes of colours even there).
maven() {
  locked maven mvn -B -q -ntp "$@" >&2
}

# free_port: a port of 127.0.0.1 that nothing listens on. Each call gives the next one, so that no two checks get the same, and all
# lie below those that the system gives to outgoing connections: a server that is killed finds its port free when it starts again.
free_port() {
  locked ports next_free_port
}

next_free_port() {
  local port
  port="$(cat "$peers_home/last-port" 2> /dev/null || echo 0)"
  while true; do
    port=$((port >= 20000 && port < 29999 ? port + 1 : 20000))
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
  done
  echo "$port" | tee "$peers_home/last-port"
}

# venv NAME PACKAGE==VERSION...: a virtual environment for each peer; its folder goes to $venv_home. It is remade when the list changes.
venv() {
  venv_home="$peers_home/venv-$1"
  locked "venv-$1" install_venv "${@:2}"
}

install_venv() {
  if [ "$(cat "$venv_home/installed" 2>/dev/null)" = "$*" ]; then return 0; fi
  rm -rf "$venv_home"
  python3 -m venv "$venv_home"
  "$venv_home/bin/pip" install --quiet --no-input --disable-pip-version-check "$@"
  echo "$*" > "$venv_home/installed"
}

# jars NAME GROUP:ARTIFACT:VERSION[:CLASSIFIER]...: Java libraries with all they need; their folder goes to $jars_home.
jars() {
  jars_home="$peers_home/jars-$1"
  locked "jars-$1" install_jars "${@:2}"
}

install_jars() {
  if [ "$(cat "$jars_home/installed" 2>/dev/null)" = "$*" ]; then return 0; fi
  rm -rf "$jars_home"
  mkdir -p "$jars_home"
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>peers</groupId><artifactId>peers</artifactId><version>1</version><packaging>pom</packaging><dependencies>'
    local coordinates group artifact version classifier
    for coordinates in "$@"; do
      IFS=: read -r group artifact version classifier <<< "$coordinates"
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>${classifier:+<classifier>$classifier</classifier>}</dependency>"
    done
    echo '</dependencies></project>'
  } > "$jars_home/pom.xml"
  maven -f "$jars_home/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars_home"
  echo "$*" > "$jars_home/installed"
}

# serve_catalog: the REST catalog over the demo lake until this script ends; its address goes to $catalog_uri.
serve_catalog() {
  local port log
  port="$(free_port)"
  log="$(mktemp "$peers_home/catalog-XXXXXX.log")"
  node "$repository/cli/main.ts" catalog serve --lake "$demo_lake" --port "$port" > "$log" 2>&1 &
  local server=$!
  # shellcheck disable=SC2064
  trap "kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -f $log" EXIT
  catalog_uri="http://127.0.0.1:$port"
  local tries
  for ((tries = 0; tries < 150; tries++)); do
    if curl -fsS -o /dev/null --max-time 2 "$catalog_uri/v1/config"; then return 0; fi
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.2
  done 2>/dev/null
  cat "$log"
  echo "the catalog did not answer at $catalog_uri"
  return 1
}
