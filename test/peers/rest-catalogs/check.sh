#!/usr/bin/env bash
# Our REST client keeps the promises of a catalog with Iceberg's reference catalog, and with Nessie
source "$(dirname "$0")/../installed.sh"
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../engines/at-exit.sh"
work="$(mktemp -d "$peers_home/rest-catalogs-XXXXXX")"
at_exit "rm -rf $work"
mkdir "$work/warehouse"

iceberg=1.10.1
jars reference-catalog "org.apache.iceberg:iceberg-core:$iceberg" "org.apache.iceberg:iceberg-core:$iceberg:tests" \
  "org.apache.iceberg:iceberg-bundled-guava:$iceberg" org.eclipse.jetty.ee10:jetty-ee10-servlet:12.0.16 \
  org.xerial:sqlite-jdbc:3.46.1.3 org.slf4j:slf4j-simple:2.0.16 \
  org.apache.hadoop:hadoop-client-api:3.4.1 org.apache.hadoop:hadoop-client-runtime:3.4.1
java17="$(java_home 17)"
"$java17/bin/javac" -d "$work" -cp "$jars_home/*" "$here/ReferenceCatalog.java"
port="$(free_port)"
"$java17/bin/java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -cp "$work:$jars_home/*" ReferenceCatalog "$port" "$work/catalog.sqlite" "file://$work/warehouse" > "$work/reference.log" 2>&1 &
reference=$!
at_exit "stop_process $reference"
wait_for_answer "http://127.0.0.1:$port/v1/config" "$reference" "$work/reference.log" defaults

nessie=0.99.0
nessie_jar="$peers_home/nessie-quarkus-$nessie-runner.jar"
if [ ! -f "$nessie_jar" ]; then
  maven dependency:get -Dartifact="org.projectnessie.nessie:nessie-quarkus:$nessie:jar:runner" -Dtransitive=false
  cp "${MAVEN_REPOSITORY:-$HOME/.m2/repository}/org/projectnessie/nessie/nessie-quarkus/$nessie/nessie-quarkus-$nessie-runner.jar" "$nessie_jar"
fi
# Nessie keeps metadata files in S3 only.
venv moto 'moto[server,s3]==5.2.5'
moto_port="$(free_port)"
"$venv_home/bin/moto_server" -H 127.0.0.1 -p "$moto_port" > "$work/moto.log" 2>&1 &
moto=$!
at_exit "stop_process $moto"
wait_for_answer "http://127.0.0.1:$moto_port/moto-api/" "$moto" "$work/moto.log" "html"
curl -fsS -o /dev/null -X PUT "http://127.0.0.1:$moto_port/nessie"
nessie_port="$(free_port)"
management_port="$(free_port)"
s3='nessie.catalog.service.s3.default-options'
"$(java_home 21)/bin/java" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port="$nessie_port" \
  -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port="$management_port" -Dquarkus.otel.sdk.disabled=true \
  -Dnessie.version.store.type=IN_MEMORY -Dnessie.catalog.default-warehouse=warehouse \
  -Dnessie.catalog.warehouses.warehouse.location=s3://nessie/wh \
  "-D$s3.endpoint=http://127.0.0.1:$moto_port/" "-D$s3.path-style-access=true" "-D$s3.region=us-east-1" \
  "-D$s3.access-key=urn:nessie-secret:quarkus:s3creds" -Ds3creds.name=testing -Ds3creds.secret=testing \
  -jar "$nessie_jar" > "$work/nessie.log" 2>&1 &
nessie_pid=$!
at_exit "stop_process $nessie_pid"
wait_for_answer "http://127.0.0.1:$nessie_port/iceberg/v1/config" "$nessie_pid" "$work/nessie.log" defaults

CUBELAKE_REFERENCE="http://127.0.0.1:$port" CUBELAKE_REFERENCE_WAREHOUSE="$work/warehouse" \
  CUBELAKE_NESSIE="http://127.0.0.1:$nessie_port/iceberg" \
  node "$repository/node_modules/vitest/vitest.mjs" run --root "$repository" --config "$here/vitest.config.ts"
