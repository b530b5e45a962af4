#!/usr/bin/env bash
# Tests deploy/: docker-compose can parse the compose file, and the Kubernetes manifests match the schemas of their kinds. Then
# sets up PostgreSQL 18 in the same way as the files, and checks the result: the server finds the extension in the compose file's
# location, the applications' role can create the extension, the exporter's role can see it, and the blueprint's script and
# directories work.
# SPDX-License-Identifier: MIT
PROGRAM=scripts/ci/deploy.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"

# shellcheck source=scripts/programs.sh
source "$ROOT/scripts/programs.sh"

compose() { docker_compose -f "$ROOT/deploy/compose.yaml" "$@"; }

# Parses a file without a container engine.
provide_docker_compose || die "docker-compose cannot be fetched"
mkdir -p "$ROOT/deploy/target"
compose config --quiet
services=$(compose --profile redis --profile monitoring config --services | sort | paste -sd ' ')
expected='alertmanager api-gateway extension grafana greeting-service greeting-service-2 greeting-service-training'
expected+=' monitoring-setup postgres postgres-exporter prometheus redis user-service user-service-training'
[ "$services" = "$expected" ] || die "docker-compose reads unexpected services: $services"
echo "docker-compose reads the compose file"

# With less time, services that start on a slow machine would be reported as unhealthy, or restarted.
[ "$(compose config | grep -c 'start_period: 5m')" = 4 ] || die "PostgreSQL and the three services need a start_period of 5 minutes"
for manifest in greeting-service user-service; do
  seconds=$(awk '/periodSeconds:/ { period = $2 } /failureThreshold:/ { print period * $2 }' "$ROOT/deploy/kubernetes/$manifest.yaml")
  [ "$seconds" = 300 ] || die "the startup probe of $manifest allows ${seconds:-no} seconds instead of 300"
done
echo "Services have 5 minutes to start"

new_scratch
mkdir "$SCRATCH/app" "$SCRATCH/bin"
# A java that fails the given number of times, and then leaves a partial cache.
cat >"$SCRATCH/bin/java" <<'END'
#!/bin/sh
cache=${1#-XX:AOTCacheOutput=}
echo start >>"$STARTS"
echo part >"$cache"
[ "$(wc -l <"$STARTS")" -gt "$FAILURES" ] && echo whole >"$cache"
END
chmod +x "$SCRATCH/bin/java"
# train FAILURES STARTS CACHE: checks the result of train.sh.
train() {
  local came
  : >"$SCRATCH/starts"
  (cd "$SCRATCH/app" && STARTS=$SCRATCH/starts FAILURES=$1 PATH=$SCRATCH/bin:$PATH "$ROOT/deploy/app/train.sh" "$SCRATCH/cache") \
    >"$SCRATCH/said" 2>&1 || die "train.sh failed: $(<"$SCRATCH/said")"
  came="$(wc -l <"$SCRATCH/starts") $(cat "$SCRATCH/cache" 2>/dev/null || echo none)"
  [ "$came" = "$2 $3" ] || die "train.sh with $1 failing starts results in $came: $(<"$SCRATCH/said")"
}
train 2 3 whole
train 0 0 whole # exists already
touch -d '1 minute' "$SCRATCH/app/app.jar"
train 0 1 whole # belongs to another jar
touch -d '2 minutes' "$SCRATCH/app/app.jar"
train 9 3 none
echo "A failed training is retried, and never prevents the application from starting"

checker=$(npm_packages "$ROOT/scripts/ci/kubernetes")/check.mjs
node "$checker" "$ROOT"/deploy/kubernetes/*.yaml "$ROOT"/deploy/monitoring/kubernetes/*.yaml
# Kustomize cannot insert a file into a field of a manifest.
{
  cat <<'END'
# SPDX-License-Identifier: MIT
# ../rules.yml for the Prometheus operator. Generate it with: UPDATE=1 scripts/ci/deploy.sh
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: pg-hello
spec:
END
  sed -n '/^groups:/,$p' "$ROOT/deploy/monitoring/rules.yml" | sed '/./s/^/  /'
} >"$SCRATCH/rules.yaml"
if [ -n "${UPDATE-}" ]; then
  cp "$SCRATCH/rules.yaml" "$ROOT/deploy/monitoring/kubernetes/rules.yaml"
fi
diff "$ROOT/deploy/monitoring/kubernetes/rules.yaml" "$SCRATCH/rules.yaml" ||
  die "kubernetes/rules.yaml differs from rules.yml; regenerate it with: UPDATE=1 scripts/ci/deploy.sh"
sed 's/labels: {severity: page}/labels: [page]/' "$SCRATCH/rules.yaml" >"$SCRATCH/wrong.yaml"
! node "$checker" "$SCRATCH/wrong.yaml" >/dev/null 2>&1 || die "a rule with a list of labels is accepted"
for wrong in 's/replicas: 2/replicas: two/' 's/readinessProbe/readynessProbe/'; do
  sed "$wrong" "$ROOT/deploy/kubernetes/greeting-service.yaml" >"$SCRATCH/wrong.yaml"
  ! node "$checker" "$SCRATCH/wrong.yaml" >/dev/null 2>&1 || die "an invalid manifest is accepted: $wrong"
done
echo "All fields and values of the manifests match their schemas"

need psql postgresql-client unzip unzip xz xz-utils
"$ROOT/scripts/native.sh" 17 18
FILES=$SCRATCH/files
maven -q -B -ntp -f "$ROOT/pom.xml" -pl :pg-hello-extension -am -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dmaven.source.skip=true \
  -Dspotless.check.skip=true package
jar=$ROOT/extension/target/pg-hello-extension-$(project_version).jar
"$ROOT/deploy/postgres/unpack.sh" "$jar" 18 "$FILES"
"$ROOT/deploy/postgres/unpack.sh" "$jar" 18 "$FILES" # repeated on each start
if "$ROOT/deploy/postgres/unpack.sh" "$jar" 99 "$SCRATCH/none" 2>"$SCRATCH/said"; then
  die "unpack.sh succeeds without a library"
fi
grep -q 'no library for PostgreSQL 99' "$SCRATCH/said" || die "unpack.sh printed: $(<"$SCRATCH/said")"

tree=$(embedded_tree 18)
[ ! -e "$tree/share/postgresql/extension/pg_hello.control" ] || die "the extension is in the server's own directory"
# shellcheck disable=SC2016
start_server "$tree" "-c 'dynamic_library_path=$FILES/lib:\$libdir'" "-c 'extension_control_path=$FILES/share:\$system'" \
  -c session_preload_libraries=pg_hello
psql -X -q -d postgres -c 'CREATE DATABASE microservices_db'
"$ROOT/deploy/secrets.sh" "$SCRATCH/secrets"
before=$(<"$SCRATCH/secrets/app-password")
"$ROOT/deploy/secrets.sh" "$SCRATCH/secrets"
[ "$before" = "$(<"$SCRATCH/secrets/app-password")" ] || die "secrets.sh changes an existing secret"
POSTGRES_USER=postgres POSTGRES_DB=microservices_db APP_PASSWORD_FILE=$SCRATCH/secrets/app-password \
  "$ROOT/deploy/postgres/init.sh"
said=$(PGPASSWORD=$before psql -X -qAt -v ON_ERROR_STOP=1 -U app -d microservices_db \
  -c 'CREATE EXTENSION pg_hello' -c "SELECT pg_hello('compose', 2)" -c 'SHOW pg_hello.repeat')
[ "$said" = $'Hello, compose! Hello, compose!\n1' ] || die "the query of the applications' role returned: $said"
echo "PostgreSQL 18 finds the extension in a separate directory, and the applications' role can create it"

mkdir "$SCRATCH/monitoring"
cp "$ROOT/extension/ops/roles.sql" "$ROOT/deploy/monitoring/exporter.sql" "$SCRATCH/monitoring"
for _ in 1 2; do # repeated on each start
  PGDATABASE=microservices_db POSTGRES_PASSWORD_FILE=$SCRATCH/secrets/postgres-password \
    EXPORTER_PASSWORD_FILE=$SCRATCH/secrets/exporter-password "$ROOT/deploy/postgres/monitoring.sh" "$SCRATCH/monitoring"
done
said=$(PGPASSWORD=$(<"$SCRATCH/secrets/exporter-password") psql -X -qAt -v ON_ERROR_STOP=1 -U hello_exporter \
  -d microservices_db -c "SELECT pg_hello('exporter')" -c 'SELECT count(*) > 0 FROM hello_ops.pg_hello_stats' -c 'SHOW track_functions')
[ "$said" = $'Hello, exporter!\nt\nall' ] || die "the query of the exporter's role returned: $said"
said=$(PGPASSWORD=$before psql -X -qAt -v ON_ERROR_STOP=1 -U app -d microservices_db -c "SELECT pg_hello('app')")
[ "$said" = 'Hello, app!' ] || die "with monitoring, the query of the applications' role returned: $said"
echo "The exporter's role has the required privileges, and the applications' role keeps its privileges"

psql -X -q -d postgres -c 'CREATE DATABASE blueprint'
psql -X -q -v ON_ERROR_STOP=1 -d blueprint -f "$ROOT/deploy/polytope/init.sql"
said=$(psql -X -qAt -d blueprint -c "SELECT pg_hello('blueprint')" -c 'SHOW session_preload_libraries')
[ "$said" = $'Hello, blueprint!\npg_hello' ] || die "after the blueprint's script, the query returned: $said"
mkdir -p "$SCRATCH/volume/cluster" "$SCRATCH/volume/wal"
chmod 700 "$SCRATCH/volume/cluster" "$SCRATCH/volume/wal"
server_user "$tree/bin/initdb" -D "$SCRATCH/volume/cluster" --waldir "$SCRATCH/volume/wal" -U postgres --auth-host=scram-sha-256 \
  --auth-local=scram-sha-256 --data-checksums --pwfile="$SCRATCH/secrets/postgres-password" >/dev/null
[ "$(readlink "$SCRATCH/volume/cluster/pg_wal")" = "$SCRATCH/volume/wal" ] || die "the WAL is not in the configured directory"
! grep -vE '^ *(#|$)' "$SCRATCH/volume/cluster/pg_hba.conf" | grep -v scram-sha-256 || die "pg_hba.conf contains a method other than SCRAM"
echo "The blueprint's arguments, WAL folder and script work"
