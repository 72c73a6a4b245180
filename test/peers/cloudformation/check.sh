#!/usr/bin/env bash
# The templates pass cfn-lint and are deployed to moto's CloudFormation, with and without Kafka, and the bundles start quickly.
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
work="$(mktemp -d "$peers_home/cloudformation-XXXXXX")"
at_exit "rm -rf $work"
node "$repository/functions/bundle.ts" "$work/functions"
node "$repository/test/peers/cloudformation/cold-start.ts" "$work/functions"

# synthesize NAME CHANGES: templates of the example deployment with some facts changed, in $work/NAME.
synthesize() {
  node --input-type=module --eval '
    import { readFileSync, writeFileSync } from "node:fs";
    const [from, to, changes] = process.argv.slice(1);
    writeFileSync(to, JSON.stringify({ ...JSON.parse(readFileSync(from, "utf8")), ...JSON.parse(changes) }));
  ' "$repository/infra/deployments/example.json" "$work/$1.json" "$2"
  node "$repository/infra/main.ts" "$work/$1.json" "$work/$1" "$work/functions"
}
kafka='{"kafka": "msk-serverless", "client_cidrs": ["10.80.0.0/16"]}'
synthesize example '{}'
synthesize kafka "{\"account\": \"123456789012\", \"edge\": $kafka}"
synthesize pointer "{\"catalog\": \"pointer\", \"object_lock_days\": 30, \"edge\": $kafka}"

venv cloudformation cfn-lint==1.58.0
# Zones are named so that synthesis asks nobody (W3010); CDK states what a reference implies already (W3005).
"$venv_home/bin/cfn-lint" --ignore-checks W3010 W3005 --regions us-east-1 -- "$work"/*/*.template.json
echo "$(ls "$work"/*/*.template.json | wc -l) templates of 3 deployments"
venv aws 'moto[server,all]==5.2.5'
"$venv_home/bin/python" -W ignore "$repository/test/peers/cloudformation/deploy_on_moto.py" "$work/kafka"
