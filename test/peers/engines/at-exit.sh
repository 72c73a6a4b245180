# shellcheck shell=bash
# Sourced after installed.sh by the scripts that start servers.

# at_exit COMMAND: runs at the end of the script, before whatever was to run there already.
at_exit() {
  local before
  before="$(trap -p EXIT)"
  before="${before#trap -- \'}"
  before="${before%\' EXIT}"
  # shellcheck disable=SC2064
  trap "$1${before:+; $before}" EXIT
}

# stop_process PID: asks, waits up to 20 s, insists.
stop_process() {
  local tries
  kill "$1" 2>/dev/null || return 0
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -9 "$1" 2>/dev/null || true
}

# wait_for_answer URL PID LOG TEXT: until URL answers with a body that holds TEXT; 180 s at most.
wait_for_answer() {
  local tries
  for ((tries = 0; tries < 900; tries++)); do
    if curl -fsS --max-time 2 "$1" 2>/dev/null | grep -q "$4"; then return 0; fi
    if ! kill -0 "$2" 2>/dev/null; then break; fi
    sleep 0.2
  done
  tail -30 "$3"
  echo "no answer from $1"
  return 1
}

# java_home MAJOR: the home of an installed Java of this version or a newer one.
java_home() {
  local java version
  for java in "${JAVA_HOME:-/nowhere}/bin/java" /usr/lib/jvm/*/bin/java "$(command -v java || true)"; do
    [ -x "$java" ] || continue
    version="$("$java" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -1)"
    if [ "${version:-0}" -ge "$1" ]; then
      dirname "$(dirname "$(readlink -f "$java")")"
      return 0
    fi
  done
  echo "Expected Java $1 or newer in JAVA_HOME, /usr/lib/jvm or PATH, got none." >&2
  return 1
}
