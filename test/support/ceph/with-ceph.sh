#!/usr/bin/env bash
# Runs a program on a real Ceph RADOS gateway of its own: started here on free ports in a fresh folder, always stopped again. The program
# finds it in RUNLET_CEPH_ENDPOINT, RUNLET_CEPH_BUCKET and the AWS_ variables. Exits 3, with a line that says so, when Ceph is not
# installed, so that nobody takes that for a pass.
#   bash test/support/ceph/with-ceph.sh PROGRAM [ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/../../.."

for program in radosgw ceph-mon ceph-osd ceph radosgw-admin monmaptool curl python3; do
  command -v "$program" >/dev/null && continue
  echo "with-ceph.sh: nothing ran on Ceph: $program is not installed." \
    "On Debian: apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-base ceph-common" >&2
  exit 3
done

# By chance, and below the ports that the system gives to connections: two that start at once rarely want the same.
read -r RGW_PORT MON_PORT < <(node -e '
  const { createServer } = require("node:net")
  const { randomInt } = require("node:crypto")
  const free = () => new Promise(done => {
    const server = createServer().once("error", () => done(free()))
    server.listen(randomInt(12000, 32000), "127.0.0.1", () => done(server))
  })
  Promise.all([free(), free()]).then(servers => {
    console.log(servers.map(server => server.address().port).join(" "))
    for (const server of servers) server.close()
  })')
CEPH_DIR=$(mktemp -d "${TMPDIR:-/tmp}/runlet-ceph.XXXXXX")
export CEPH_DIR RGW_PORT MON_PORT
export S3_ACCESS_KEY=runletaccess S3_SECRET_KEY=runletsecretsecret S3_BUCKET=runlet-test
stop() { bash test/support/ceph/ceph-down.sh --wipe >&2 || true; }
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bash test/support/ceph/ceph-up.sh >/dev/null
export AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY
unset AWS_SESSION_TOKEN AWS_PROFILE
export AWS_EC2_METADATA_DISABLED=true AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
export RUNLET_CEPH_ENDPOINT=http://127.0.0.1:$RGW_PORT RUNLET_CEPH_BUCKET=$S3_BUCKET
"$@"
