#!/bin/sh
# Makes the AOT cache of an application, unless there is one of this image. It starts the application, which needs its
# database, and ends it at once.
# SPDX-License-Identifier: MIT
set -eu
cache=${1:-/cache/app.aot}
if [ -e "$cache" ] && [ -z "$(find . -type f -newer "$cache")" ]; then
  echo "$cache is there"
  exit
fi
for attempt in 1 2 3; do
  rm -f "$cache"
  # without profiles of code, by which the next ones would compile: requests need other code than a start
  if java -XX:AOTCacheOutput="$cache" -XX:TieredStopAtLevel=2 -Dspring.context.exit=onRefresh -jar app.jar; then
    exit
  fi
  echo "The application did not start (attempt $attempt)" >&2
done
# the application starts without one, too, and is restarted until it does
rm -f "$cache"
echo "There is no $cache, and so a start takes longer" >&2
