// SPDX-License-Identifier: MIT
// Starts the MCP server that the first line of the input specifies, and calls the tool that each further
// line specifies. Prints one line for each line of the input.
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const client = new Client({ name: 'pg-hello-demo', version: '1' });
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n');
let connected = false;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (!connected) {
    await client.connect(new StdioClientTransport({ ...asked, stderr: 'ignore' }));
    connected = true;
    say({ server: client.getServerVersion(), tools: (await client.listTools()).tools });
  } else {
    say(await client.callTool(asked).catch((e) => ({ isError: true, content: [{ type: 'text', text: e.message }] })));
  }
}
await client.close();
