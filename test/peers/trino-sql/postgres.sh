# shellcheck shell=bash
# Sourced after ../installed.sh and ../engines/at-exit.sh: a PostgreSQL of its own in a temporary folder. Debian's package, which needs
# root to install and another user than root to run.

# start_postgres: it listens on 127.0.0.1 at $postgres_port, with database `station` of user `reader`, until the script ends.
start_postgres() {
  local binaries folder as_user=()
  compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || apt_install postgresql
  binaries="$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")"
  folder="$(mktemp -d)"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as_user=(runuser -u postgres --)
  fi
  postgres_port="$(free_port)"
  (
    cd "$folder"
    "${as_user[@]}" "$binaries/initdb" -D "$folder/data" -U reader -A trust --no-sync > "$folder/initdb.log"
    "${as_user[@]}" "$binaries/pg_ctl" -D "$folder/data" -w -l "$folder/data/server.log" \
      -o "-c listen_addresses=127.0.0.1 -p $postgres_port -k $folder -c fsync=off" start > /dev/null
  )
  at_exit "cd $folder; ${as_user[*]} $binaries/pg_ctl -D $folder/data -m immediate stop > /dev/null; rm -rf $folder"
  psql -q -h 127.0.0.1 -p "$postgres_port" -U reader -d postgres -c 'CREATE DATABASE station'
}
