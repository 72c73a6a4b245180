#!/usr/bin/env bash
# Every SQL block of docs/sql runs: through `cubelake sql` and in Trino 476 beside a PostgreSQL. Where a block is for both, rows are equal.
source "$(dirname "$0")/../installed.sh"
source "$repository/test/peers/engines/trino.sh"
here="$repository/test/peers/trino-sql"
source "$here/postgres.sh"

# A lake of its own: a second recommendation gives the snapshots to travel between, which other checks do not expect.
demo_lake="$peers_home/documents-lake"
if [ ! -f "$demo_lake/documents-ready" ]; then
  rm -rf "$demo_lake"
  node "$repository/cli/main.ts" demo --lake "$demo_lake" > "$peers_home/documents-lake.log"
  node "$repository/cli/main.ts" recommend --lake "$demo_lake" --rule "$repository/schemas/rules/yield-only.json" > /dev/null
  touch "$demo_lake/documents-ready"
fi

serve_catalog
start_postgres
postgres() { psql -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgres_port" -U reader -d station "$@"; }
postgres -f "$here/station.sql"
treatments="$(mktemp)"
at_exit "rm -f $treatments"
for plot in $(seq 1 112); do printf 'p%04d,%d\n' "$plot" $((plot % 3 * 60)); done > "$treatments"
postgres -c "\\copy treatments FROM '$treatments' CSV"

# The PostgreSQL connector asks for the geospatial plugin's types. Its classes lie beside the connector, but not its name as a plugin.
install_trino
geospatial="$trino_home/plugin/geospatial"
if [ ! -d "$geospatial" ]; then
  unnamed="$(mktemp -d "$peers_home/geospatial-XXXXXX")"
  find "$trino_home/plugin/postgresql" -name '*.jar' ! -name '*postgresql*' -exec cp -l {} "$unnamed" \;
  python3 - "$unnamed/services.jar" <<'PYTHON'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1], "w") as jar:
    jar.writestr("META-INF/services/io.trino.spi.Plugin", "io.trino.plugin.geospatial.GeoPlugin\n")
PYTHON
  mv -T "$unnamed" "$geospatial" || rm -rf "$unnamed"
fi

catalogs="$(mktemp -d)"
at_exit "rm -rf $catalogs"
cat > "$catalogs/station.properties" <<P
connector.name=postgresql
connection-url=jdbc:postgresql://127.0.0.1:$postgres_port/station
connection-user=reader
connection-password=none
P
start_trino "$catalog_uri" "$catalogs"
node "$here/run-documents.ts" "$repository/docs/sql" "$demo_lake" "$trino_uri"
