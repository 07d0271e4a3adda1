#!/usr/bin/env bash
# tools/soak for 20 seconds; `make soak` runs it for longer.
exec "$(dirname "$0")/../../tools/soak" "${SOAK_SECONDS:-20}"
