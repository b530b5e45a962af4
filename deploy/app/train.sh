#!/bin/sh
# Creates the AOT cache of an application, unless this image already has one. Starts the application, which needs its database,
# and stops it immediately.
# SPDX-License-Identifier: MIT
set -eu
cache=${1:-/cache/app.aot}
if [ -e "$cache" ] && [ -z "$(find . -type f -newer "$cache")" ]; then
  echo "$cache already exists"
  exit
fi
for attempt in 1 2 3; do
  rm -f "$cache"
  # without JIT profiles, because a profile of the startup does not suit the processing of requests
  if java -XX:AOTCacheOutput="$cache" -XX:TieredStopAtLevel=2 -Dspring.context.exit=onRefresh -jar app.jar; then
    exit
  fi
  echo "The application did not start (attempt $attempt)" >&2
done
# The application also starts without a cache. If it cannot start at all, docker compose restarts its container.
rm -f "$cache"
echo "There is no $cache, so startup takes longer" >&2
