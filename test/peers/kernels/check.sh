#!/usr/bin/env bash
# the committed WebAssembly is what AssemblyScript makes of its source.
# With --write the committed bytes are made anew: after a change of core/kernels/kernels.as.
set -euo pipefail
source "$(dirname "$0")/../installed.sh"
compiler_home="$peers_home/assemblyscript-0.28.20"
if [ ! -f "$compiler_home/installed" ]; then
  rm -rf "$compiler_home"
  mkdir -p "$compiler_home"
  echo '{"private":true,"dependencies":{"assemblyscript":"0.28.20","binaryen":"131.0.0-nightly.20260721","long":"5.3.2"}}' > "$compiler_home/package.json"
  npm install --prefix "$compiler_home" --ignore-scripts --no-audit --no-fund --silent
  touch "$compiler_home/installed"
fi
# The compiler takes no other ending than .ts, which is TypeScript's here.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$repository/core/kernels/kernels.as" "$work/kernels.ts"
(cd "$work" && node "$compiler_home/node_modules/assemblyscript/bin/asc.js" kernels.ts -O3 --noAssert --enable simd --runtime stub --importMemory -o kernels.wasm)
node "$(dirname "$0")/compare.ts" "$work/kernels.wasm" "$@"
