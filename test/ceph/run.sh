#!/usr/bin/env bash
# Runs test/ceph, or the test files that are named, on a real Ceph RADOS gateway of its own. Exits 3 when Ceph is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec bash test/support/ceph/with-ceph.sh node test/run.mjs "${@:-test/ceph}"
