#!/usr/bin/env bash
# Runs deploy/compose.yaml, except for the monitoring, in a container engine without access to an image registry. Substitutes
# for the named images are built from this machine's programs. Builds the Dockerfiles of deploy/. Needs containers.sh:
#   scripts/ci/offline/containers.sh run scripts/ci/offline/compose.sh
# SPDX-License-Identifier: MIT
PROGRAM=scripts/ci/offline/compose.sh
# shellcheck source=scripts/lib.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../lib.sh"
# shellcheck source=scripts/programs.sh
source "$ROOT/scripts/programs.sh"

BASE=${PG_HELLO_TEST_IMAGE:?"run it by scripts/ci/offline/containers.sh run"}
IMAGES=(busybox:1.37 postgres:18 eclipse-temurin:25-jre nginx:1.28 redis:8)
BUILT=(pg-hello-greeting-service pg-hello-user-service pg-hello-ci-postgres pg-hello-ci-extension)
export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 COMPOSE_PROJECT_NAME=pg-hello-ci COMPOSE_HTTP_TIMEOUT=300
# The images created by this script, which are removed at the end.
OURS=()

compose() { docker_compose -f "$SCRATCH/compose.yaml" --project-directory "$ROOT/deploy" "$@"; }

leave_nothing() {
  trap '' HUP INT TERM
  compose --profile redis down -v --remove-orphans >/dev/null 2>&1 || true
  docker rm -fv pg-hello-ci-postgres pg-hello-ci-extension >/dev/null 2>&1 || true
  docker image rm -f "${OURS[@]}" >/dev/null 2>&1 || true
  drop_scratch
}

# fail WORD...: fails with the last log lines of all containers. The unhealthy and the failed containers are printed last.
fail() {
  local container containers
  containers=$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" |
    xargs -r docker inspect -f '{{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}{{end}} {{.State.Status}} {{.Name}}' |
    LC_ALL=C sort -k 1,1n -k 2)
  while read -r container; do
    printf '== %s: %s\n' "${container#*/}" "${container% /*}"
    docker logs --tail 25 "${container#*/}" 2>&1 | cut -c 1-300
  done <<<"$containers" >&2
  die "$@"
}

passed() { printf '%3d s  %s\n' "$SECONDS" "$*"; }

# build NAME FOLDER [ARGUMENT...]: builds an image from a directory with a Dockerfile.
build() {
  docker build -q -t "$1" "${@:3}" "$2" >"$SCRATCH/build.log" 2>&1 || die "could not build $1: $(tail -5 "$SCRATCH/build.log")"
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# programs FOLDER PROGRAM...: copies programs of this machine, and their libraries, into a directory.
programs() {
  local program library folder=$1
  shift
  mkdir -p "$folder/usr/bin"
  for program in "$@"; do
    program=$(command -v "$program")
    cp -L "$program" "$folder/usr/bin"
    while IFS= read -r library; do
      mkdir -p "$folder/usr$(dirname "${library#/usr}")"
      cp -L "$library" "$folder/usr${library#/usr}"
    done < <(ldd "$program" | grep -oE '/(usr/)?lib/[^ ]+' | grep -vE '/(ld-linux|libc|libm|libdl|libpthread)[-.]')
  done
}

# make_stand_ins: builds substitutes for images that the engine lacks.
make_stand_ins() {
  local folder tree image
  for image in "${IMAGES[@]}"; do
    ! has_image "$image" || continue
    OURS+=("$image")
    folder=$SCRATCH/${image%:*}
    mkdir -p "$folder/files"
    case $image in
      busybox:*)
        debian_download deb bookworm busybox-static "$folder/deb" || die "busybox cannot be fetched"
        dpkg -x "$folder"/deb/*.deb "$folder/files"
        printf '%s\n' 'FROM scratch' 'COPY files/bin/busybox /bin/busybox' 'RUN ["/bin/busybox", "--install", "/bin"]' \
          >"$folder/Dockerfile"
        ;;
      postgres:*)
        tree=$(embedded_tree 18)
        cp -r "$tree/." "$folder/files"
        sed -Ei "s/^#?listen_addresses = .*/listen_addresses = '*'/" "$folder/files/share/postgresql/postgresql.conf.sample"
        # Set PGHOST, because the socket of this server is in /tmp, but the client of another build looks in another directory.
        cat >"$folder/Dockerfile" <<END
FROM $BASE
COPY files /opt/postgresql-18
RUN groupmod -g 999 postgres && usermod -u 999 postgres && chown -R 999:999 /var/lib/postgresql
ENV PATH=/opt/postgresql-18/bin:/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/15/bin PGDATA=/var/lib/postgresql/18/docker PGHOST=/tmp
VOLUME /var/lib/postgresql
END
        ;;
      eclipse-temurin:*)
        tar -C "$JDK25" --exclude=./lib/src.zip --exclude=./jmods --exclude=./demo --exclude=./man -c . | tar -C "$folder/files" -x
        printf '%s\n' "FROM $BASE" 'COPY files /opt/java/openjdk' 'ENV PATH=/opt/java/openjdk/bin:/usr/bin:/bin' \
          'ENTRYPOINT []' 'CMD ["bash"]' >"$folder/Dockerfile"
        ;;
      *)
        case $image in
          nginx:*) programs "$folder/files" nginx envsubst curl ;;
          redis:*) programs "$folder/files" redis-server redis-cli ;;
        esac
        printf '%s\n' "FROM $BASE" 'COPY files /' 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' 'ENTRYPOINT []' >"$folder/Dockerfile"
        ;;
    esac
    build "$image" "$folder"
    rm -rf "$folder"
  done
}

# call PATH STATUS WORDS [ARGUMENT...]: checks the response of the gateway.
call() {
  local path=$1 expected=$2 words=$3 status
  status=$(curl -sS -o "$SCRATCH/answer" -w '%{http_code}' "${@:4}" "$GATEWAY$path") || true
  [ "$status" = "$expected" ] || fail "$path: status $status: $(<"$SCRATCH/answer")"
  grep -qF -- "$words" "$SCRATCH/answer" || fail "$path: no $words in: $(<"$SCRATCH/answer")"
}

# up [ARGUMENT...]: starts everything, and waits until the gateway reports that all services are healthy.
up() {
  compose "$@" up -d --build >"$SCRATCH/up.log" 2>&1 || fail "docker compose up failed: $(tail -5 "$SCRATCH/up.log")"
  GATEWAY=http://$(compose port api-gateway 3000)
  local i
  for ((i = 0; i < 300; i++)); do
    ! curl -sf -o /dev/null "$GATEWAY/health" || return 0
    sleep 0.2
  done
  fail "the gateway does not respond"
}

PATH=$PATH:/usr/sbin
need curl curl nginx nginx-light envsubst gettext-base redis-server redis-server
JDK25=$(find_jdk 25) || die "needs a JDK 25"
provide_docker_compose || die "docker-compose cannot be fetched"
"$ROOT/dev" images
new_scratch
trap leave_nothing EXIT
# Use free ports.
sed -E 's/"127\.0\.0\.1:[0-9]+:([0-9]+)"/"127.0.0.1::\1"/' "$ROOT/deploy/compose.yaml" >"$SCRATCH/compose.yaml"
export SECRETS=$SCRATCH/secrets
"$ROOT/deploy/secrets.sh" "$SECRETS"
SECONDS=0

make_stand_ins
passed "substitutes for ${OURS[*]} were built"
for image in "${BUILT[@]}"; do
  has_image "$image" || OURS+=("$image")
done
up
passed "PostgreSQL, two greeting services, the user service and the gateway are running"
call /api/greeting/Ada 200 'Hello, Ada!'
call /users 201 '"welcome_message":"Hello, Ada!"' -H 'Content-Type: application/json' \
  -d '{"username":"Ada","email":"ada@example.com"}'
# On a slow machine, the first requests to a greeting service may time out. The user service then queries the database instead.
for ((i = 0; i < 20; i++)); do
  ! curl -s "$GATEWAY/users/1/greeting" | grep -qF '"source":"greeting-service"' || break
  sleep 0.5
done
call /users/1/greeting 200 '"source":"greeting-service"'
call /api/config/greeting 200 'Hello, Config! Hello, Config!' -H "Authorization: Bearer $(<"$SECRETS/admin-token")" \
  -H 'Content-Type: application/json' -d '{"repeat":2}'
call /api/config/greeting 401 UNAUTHORIZED -H 'Content-Type: application/json' -d '{"repeat":3}'
passed "the services return greetings through the gateway, and read the administrator's token from its file"
for service in postgres greeting-service greeting-service-2 user-service api-gateway; do
  [ "$(compose exec -T "$service" id -u)" != 0 ] || fail "$service runs as root"
  ! compose exec -T "$service" sh -c 'echo x >/written' 2>/dev/null || fail "$service can write its own files"
done
for service in greeting-service greeting-service-2 user-service; do
  compose exec -T "$service" grep -q /cache/app.aot /proc/1/maps || fail "$service does not use its AOT cache"
done
passed "no service runs as root or can write its own files, and the AOT caches are used"

compose exec -T greeting-service sh -c 'kill 1'
for ((i = 0; i < 20; i++)); do
  call "/greeting/Ada$i" 200 "Hello, Ada$i!"
done
for ((i = 0; i < 1500; i++)); do
  started=$(docker inspect -f '{{.RestartCount}} {{.State.Health.Status}}' "$(compose ps -q greeting-service)")
  [ "$started" != '1 healthy' ] || break
  sleep 0.2
done
[ "$started" = '1 healthy' ] || fail "the state of a stopped instance is: $started"
passed "the services keep responding when an instance ends, and the instance restarts"

compose down >/dev/null 2>&1
export GREETING_CACHE=redis GREETING_RATE_LIMIT_STORE=redis
up --profile redis
call /users/1 200 '"email":"ada@example.com"' -H "Authorization: Bearer $(<"$SECRETS/admin-token")"
# A greeting does not wait for the connection to Redis, which is opened in parallel.
for ((i = 0; i < 40; i++)); do
  call /api/greeting/Bob 200 'Hello, Bob! Hello, Bob!' # limited
  call /greeting/Bob 200 'Hello, Bob! Hello, Bob!'     # cached
  # shellcheck disable=SC2016
  keys=$(compose exec -T redis sh -c 'REDISCLI_AUTH=$(cat /run/secrets/redis-password) redis-cli --scan')
  [[ $keys != *$'\n'* ]] || break
  sleep 0.5
done
[[ $keys == *$'\n'* ]] || fail "Redis must contain the greeting and a bucket, but contains: $keys"
compose logs --no-color greeting-service-training | grep -q '/cache/app.aot already exists' || fail "the AOT cache was created again"
compose --profile redis down -v >/dev/null 2>&1
passed "after down and up, with Redis, the users, the configuration and the AOT caches still exist"

build pg-hello-ci-postgres "$ROOT/extension" -f "$ROOT/deploy/postgres/Dockerfile" --build-arg MAJOR="${BASE#*:}" \
  --build-arg TARGETARCH="$(platform | sed 's/.*-//')"
docker run -d --name pg-hello-ci-postgres -e POSTGRES_PASSWORD=secret pg-hello-ci-postgres >/dev/null
for ((i = 0; i < 150; i++)); do
  ! docker exec pg-hello-ci-postgres pg_isready -q -h 127.0.0.1 || break
  sleep 0.2
done
said=$(docker exec -u postgres pg-hello-ci-postgres psql -X -qAt -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_hello_ops CASCADE' \
  -c "SELECT pg_hello('image')" 2>&1) || true
grep -qx 'Hello, image!' <<<"$said" || die "the image with the extension printed: $said"
build pg-hello-ci-extension "$ROOT/extension" -f "$ROOT/deploy/kubernetes/Dockerfile" --build-arg PLATFORM="$(platform)"
docker create --name pg-hello-ci-extension pg-hello-ci-extension none >/dev/null
files=$(docker export pg-hello-ci-extension | tar -t)
for file in lib/pg_hello.so share/extension/pg_hello.control share/extension/pg_hello_ops.control; do
  grep -qx "$file" <<<"$files" || die "the image for CloudNativePG has no $file: $files"
done
passed "the images with the extension contain its files"
