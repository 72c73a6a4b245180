# shellcheck shell=bash
# Sourced by peer checks. Installs peers once into $CUBELAKE_PEERS (default ~/.cache/cubelake-peers) and skips what is there.
set -euo pipefail
peers_home="${CUBELAKE_PEERS:-$HOME/.cache/cubelake-peers}"
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
demo_lake="$peers_home/demo-lake"
export PATH="$repository/node_modules/.bin:$PATH"
mkdir -p "$peers_home"

# venv NAME PACKAGE==VERSION...: a virtual environment for each peer; its folder goes to $venv_home. It is remade when the list changes.
venv() {
  venv_home="$peers_home/venv-$1"
  shift
  if [ "$(cat "$venv_home/installed" 2>/dev/null)" != "$*" ]; then
    rm -rf "$venv_home"
    python3 -m venv "$venv_home"
    "$venv_home/bin/pip" install --quiet --no-input --disable-pip-version-check "$@"
    echo "$*" > "$venv_home/installed"
  fi
}

# jars NAME GROUP:ARTIFACT:VERSION[:CLASSIFIER]...: Java libraries with all they need; their folder goes to $jars_home.
jars() {
  jars_home="$peers_home/jars-$1"
  shift
  if [ "$(cat "$jars_home/installed" 2>/dev/null)" != "$*" ]; then
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
    mvn -B -q -ntp -f "$jars_home/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars_home"
    echo "$*" > "$jars_home/installed"
  fi
}

# serve_catalog: the REST catalog over the demo lake until this script ends; its address goes to $catalog_uri.
serve_catalog() {
  local port
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  node "$repository/cli/main.ts" catalog serve --lake "$demo_lake" --port "$port" > "$peers_home/catalog.log" 2>&1 &
  local server=$!
  # shellcheck disable=SC2064
  trap "kill $server 2>/dev/null || true; wait $server 2>/dev/null || true" EXIT
  catalog_uri="http://127.0.0.1:$port"
  local tries
  for ((tries = 0; tries < 150; tries++)); do
    if curl -fsS -o /dev/null --max-time 2 "$catalog_uri/v1/config"; then return 0; fi
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.2
  done 2>/dev/null
  cat "$peers_home/catalog.log"
  echo "the catalog did not answer at $catalog_uri"
  return 1
}
