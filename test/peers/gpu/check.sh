#!/usr/bin/env bash
# SwiftShader, a GPU in software, calibrates and transforms as the CPU does, and may be lost in the middle of a cube.
set -euo pipefail
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/swiftshader.sh"
cd "$repository"
vitest run --config test/peers/vitest.config.ts test/peers/gpu
echo 'The GPU kernel gave every byte of the CPU: 300 random tiles of 7 types, 26 000 values on the edge of rounding, and a cube with and without loss of the device.'
