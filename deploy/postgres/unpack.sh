#!/bin/sh
# unpack.sh JAR MAJOR FOLDER: copies the extension's files for a major version of PostgreSQL (18 or newer) from the extension's jar
# to a directory. The server's dynamic_library_path must contain FOLDER/lib, and its extension_control_path FOLDER/share.
# SPDX-License-Identifier: MIT
set -eu
jar=$1 major=$2 folder=$3
case $(uname -m) in
  x86_64) platform=linux-amd64 ;;
  aarch64) platform=linux-arm64 ;;
  *) platform=$(uname -m) ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unzip -q "$jar" 'io/pghello/extension/*' -d "$work"
files=$work/io/pghello/extension
if [ ! -e "$files/$platform/$major/pg_hello.so" ]; then
  echo "the jar has no library for PostgreSQL $major on $platform; build it with ./dev install --all-platforms" >&2
  exit 1
fi
mkdir -p "$folder/lib" "$folder/share/extension"
cp "$files/$platform/$major/pg_hello.so" "$folder/lib/pg_hello.so.new"
# rename, because a server may be loading the old library
mv "$folder/lib/pg_hello.so.new" "$folder/lib/pg_hello.so"
cp "$files"/*.control "$files"/*.sql "$folder/share/extension/"
chmod 755 "$folder" "$folder/lib" "$folder/share" "$folder/share/extension" "$folder/lib/pg_hello.so"
chmod 644 "$folder"/share/extension/*
