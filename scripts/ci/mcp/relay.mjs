// SPDX-License-Identifier: MIT
// Makes an MCP server that uses standard input and output available over HTTP, which the conformance tests require. Starts one
// process for each session, with the command in the arguments. Prints the URL.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const [command, ...args] = process.argv.slice(2);
const sessions = new Map();

async function begin() {
  const client = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, client),
  });
  const server = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
  client.onmessage = (message) => server.send(message);
  server.onmessage = (message) => client.send(message);
  client.onclose = () => server.close();
  await Promise.all([server.start(), client.start()]);
  return client;
}

const http = createServer(async (request, response) => {
  const session = sessions.get(request.headers['mcp-session-id']) ?? (await begin());
  await session.handleRequest(request, response);
});
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
process.on('SIGTERM', async () => {
  await Promise.all([...sessions.values()].map((session) => session.close()));
  process.exit();
});
