#!/usr/bin/env bash
# The start script that `omnimind up` replaces, re-created from its description: the same programs, order and sleeps.
# start_sequence.sh FOLDER PORT...: FOLDER holds one executable NAME.start per process; NAME.pid and NAME.log are
# written beside it.
# In its favour: processes of an earlier start are ended by pid and not by name, nothing is bound to 0.0.0.0, a backend
# that answers well is asked again at once, and the stores and the engine, which it expects to be running, are started
# too.
set -u
folder=$1
shift

for file in "$folder"/*.pid; do
  [ -e "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
  rm -f "$file"
done

launch() {
  nohup setsid "$folder/$1.start" >>"$folder/$1.log" 2>&1 </dev/null &
  echo $! >"$folder/$1.pid"
}

for name in postgres redis qdrant engine; do launch $name; done
for port in "$@"; do launch "backend-$port"; done
launch frontend

echo "waiting for models to load"
sleep 60

# Wait for CPU usage below 50 % three times in a row, for at most 30 s.
busy() {
  read -r _ a b c d e f g h _ </proc/stat
  idle=$((d + e)) all=$((a + b + c + d + e + f + g + h))
  sleep 1
  read -r _ a b c d e f g h _ </proc/stat
  echo $((100 - 100 * (d + e - idle) / (a + b + c + d + e + f + g + h - all)))
}
calm=0
until=$((SECONDS + 30))
while [ $calm -lt 3 ] && [ $SECONDS -lt $until ]; do
  if [ "$(busy)" -lt 50 ]; then calm=$((calm + 1)); else calm=0; fi
done
echo "calm: $calm of 3"
sleep 60

# A backend is ready after three good answers in a row; a bad answer costs 3 s.
for port in "$@"; do
  good=0
  for _ in $(seq 100); do
    if curl -fsS -m 5 -o /dev/null "http://127.0.0.1:$port/health/"; then good=$((good + 1)); else good=0 && sleep 3; fi
    [ $good -eq 3 ] && break
  done
  [ $good -eq 3 ] || exit 1
done
