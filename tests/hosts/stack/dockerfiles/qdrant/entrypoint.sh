#!/usr/bin/env bash
# As the official image: bash stays PID 1, passes the end on to the program, and can make the next start one of recovery mode.
set -uo pipefail

mark=/qdrant/.recover
if [ -n "${QDRANT_ALLOW_RECOVERY_MODE:-}" ] && [ -e "$mark" ]; then
  export QDRANT__STORAGE__RECOVERY_MODE="the program ended while it started"
fi

./qdrant "$@" &
program=$!
trap 'kill -TERM "$program" 2>/dev/null' TERM
trap 'kill -INT "$program" 2>/dev/null' INT

wait "$program"
code=$?
# A wait that a signal cut short: the program is still ending.
while kill -0 "$program" 2>/dev/null; do
  wait "$program"
  code=$?
done
if [ "$code" = 0 ]; then rm -f "$mark"; elif [ -n "${QDRANT_ALLOW_RECOVERY_MODE:-}" ]; then touch "$mark"; fi
exit "$code"
