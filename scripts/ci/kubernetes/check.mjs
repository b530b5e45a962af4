// SPDX-License-Identifier: MIT
// Checks Kubernetes manifests, the files of its arguments: their values, and that the schema of their kind knows each field.
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";

const PACKAGES = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "postgresql.cnpg.io": "@kubernetes-models/cloudnative-pg",
};

// A kind that no schema knows ends the program.
async function schemaOf({ apiVersion, kind }) {
  const name = PACKAGES[apiVersion.split("/")[0]] ?? "kubernetes-models";
  return (await import(`${name}/${apiVersion}/${kind}`))[kind].prototype;
}

// A schema says nothing of fields that it does not know. It reads those that it knows; what it has not read stays in unread.
function watch(value, path, unread) {
  if (value === null || typeof value !== "object") {
    return value;
  }
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, child] of Object.entries(value)) {
    copy[key] = watch(child, `${path}/${key}`, unread);
    unread.add(`${path}/${key}`);
  }
  return new Proxy(copy, {
    get(target, key) {
      unread.delete(`${path}/${String(key)}`);
      return target[key];
    },
  });
}

function problems(schema, manifest) {
  const unread = new Set();
  try {
    schema.validate.call(watch(manifest, "", unread));
  } catch (e) {
    return [e.message];
  }
  return [...unread].map((path) => `${path} is no field of this kind`);
}

let checked = 0;
for (const file of process.argv.slice(2)) {
  for (const manifest of loadAll(readFileSync(file, "utf8"))) {
    checked++;
    for (const problem of problems(await schemaOf(manifest), manifest)) {
      console.error(`${file}: ${manifest.kind} ${manifest.metadata.name}: ${problem}`);
      process.exitCode = 1;
    }
  }
}
console.log(`${checked} manifests checked`);
