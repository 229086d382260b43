#!/bin/sh
# Checks the shell scripts, most of all the functions that `capnhook shellenv` prints into other people's shells.
# Where there is no shellcheck it says so; in CI it must be there.
set -eu

cd "$(dirname "$0")/.."

if ! command -v shellcheck > /dev/null; then
  echo 'check-shell: skipped: there is no shellcheck here'
  [ -z "${CI-}" ]
  exit
fi

shellcheck --norc shell/*.sh
# What is called by a trap or by its name only is no dead code.
shellcheck --norc --exclude=SC2317 scripts/*.sh
