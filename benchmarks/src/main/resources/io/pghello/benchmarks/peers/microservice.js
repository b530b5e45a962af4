// The measured parts of the microservice in the integration guide, without its cache.
// SPDX-License-Identifier: MIT
const express = require('express');
const { Pool } = require('pg');

const app = express();
// the driver sends the queries of one client without waiting for earlier results
const db = new Pool({ connectionString: process.env.DATABASE_URL, pipeline: true });

app.use(express.json());

app.use(async (req, res, next) => {
  try {
    const result = await db.query('SELECT 1 FROM pg_extension WHERE extname = $1', ['pg_hello']);
    if (result.rows.length === 0) {
      return res.status(503).json({ error: 'pg_hello extension not available' });
    }
    next();
  } catch (error) {
    res.status(503).json({ error: 'Database connection failed' });
  }
});

app.get('/health', async (req, res) => {
  try {
    await db.query('SELECT pg_hello($1)', ['health']);
    res.json({ status: 'healthy', service: 'greeting-service' });
  } catch (error) {
    res.status(503).json({ status: 'unhealthy', error: error.message });
  }
});

app.post('/greetings/batch', async (req, res) => {
  const { names, repeat = 1 } = req.body;
  try {
    const client = await db.connect();
    // the guide uses SET pg_hello.repeat = $1, but SET accepts no parameters
    await client.query("SELECT set_config('pg_hello.repeat', $1, false)", [String(repeat)]);
    const greetings = await Promise.all(
      names.map(async (name) => {
        const result = await client.query('SELECT pg_hello($1) as greeting', [name]);
        return { name, greeting: result.rows[0].greeting };
      })
    );
    client.release();
    res.json({ greetings, count: greetings.length });
  } catch (error) {
    res.status(500).json({ error: error.message });
  }
});

app.listen(process.env.PORT, '127.0.0.1');
