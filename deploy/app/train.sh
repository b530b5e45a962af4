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
rm -f "$cache"
exec java -XX:AOTCacheOutput="$cache" -Dspring.context.exit=onRefresh -jar app.jar
