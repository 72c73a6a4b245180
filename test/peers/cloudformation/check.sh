#!/usr/bin/env bash
# cfn-lint finds no fault in the synthesized templates.
source "$(dirname "$0")/../installed.sh"
venv cloudformation cfn-lint==1.58.0
node "$repository/functions/bundle.ts"
node "$repository/infra/main.ts"
# Zones are named so that synthesis asks nobody (W3010); CDK states what a reference implies already (W3005).
"$venv_home/bin/cfn-lint" --ignore-checks W3010 W3005 --regions us-east-1 -- "$repository"/dist/cdk/*.template.json
echo "$(ls "$repository"/dist/cdk/*.template.json | wc -l) templates"
