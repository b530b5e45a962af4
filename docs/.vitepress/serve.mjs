// Serves the site that ./dev docs has built, only on the loopback interface, until the process is killed.
// SPDX-License-Identifier: MIT
import { preview } from 'vite';

try {
  const server = await preview({
    configFile: false,
    appType: 'mpa',
    base: process.env.PG_HELLO_SITE_BASE,
    build: { outDir: process.env.PG_HELLO_SITE },
    preview: { host: '127.0.0.1', port: Number(process.argv[2]), strictPort: true },
  });
  server.printUrls();
} catch (e) {
  console.error(`dev docs: ${e.message}; pass another port with --port`);
  process.exitCode = 1;
}
