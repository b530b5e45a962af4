#!/bin/sh
# secrets.sh [FOLDER]: makes the secrets that compose.yaml names and that are not there yet. Only their owner may enter the
# folder; the files may be read by all, as the processes in the containers are nobody on this machine.
# SPDX-License-Identifier: MIT
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres-password app-password admin-token redis-password exporter-password grafana-password; do
  [ -s "$folder/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
  chmod 644 "$folder/$name"
done
