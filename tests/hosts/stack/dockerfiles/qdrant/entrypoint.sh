#!/bin/sh
# The official image gets these two from config/config.yaml; the stand-in reads them here as well.
export QDRANT__SERVICE__HOST="${QDRANT__SERVICE__HOST:-0.0.0.0}"
export QDRANT__STORAGE__STORAGE_PATH="${QDRANT__STORAGE__STORAGE_PATH:-/qdrant/storage}"
exec ./qdrant "$@"
