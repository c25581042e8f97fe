#!/bin/sh
# As the official image: the server runs as 999:1000 and the data belongs to it; protected mode is off.
set -e
chown -R 999:1000 /data
exec setpriv --reuid=999 --regid=1000 --clear-groups "$@" --dir /data --bind 0.0.0.0 --protected-mode no
