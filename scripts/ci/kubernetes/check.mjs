// SPDX-License-Identifier: MIT
// Checks the Kubernetes manifests in the given files against the schemas of their kinds: values must be valid, and fields known.
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";

const PACKAGES = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "postgresql.cnpg.io": "@kubernetes-models/cloudnative-pg",
};

// Fails if there is no schema for the kind.
async function schemaOf({ apiVersion, kind }) {
  const name = PACKAGES[apiVersion.split("/")[0]] ?? "kubernetes-models";
  return (await import(`${name}/${apiVersion}/${kind}`))[kind].prototype;
}

// A schema does not report unknown fields, but it reads only the fields that it knows. All other fields remain in unread.
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
