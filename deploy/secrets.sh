#!/bin/sh
# secrets.sh [FOLDER]: creates the missing secrets of compose.yaml. Only the owner of the directory can access it. The files in it
# are world-readable, because the containers' users do not exist on this machine.
# SPDX-License-Identifier: MIT
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres-password app-password admin-token redis-password exporter-password grafana-password; do
  [ -s "$folder/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
  chmod 644 "$folder/$name"
done
