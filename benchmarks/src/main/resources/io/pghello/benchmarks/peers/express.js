// The measured parts of the Express program in the integration guide.
// SPDX-License-Identifier: MIT
const express = require('express');
const { Pool } = require('pg');

const app = express();
const pool = new Pool({
  user: process.env.DB_USER,
  host: process.env.DB_HOST,
  database: process.env.DB_NAME,
  password: process.env.DB_PASSWORD,
  port: process.env.DB_PORT,
});

app.use(express.json());

app.use(async (req, res, next) => {
  try {
    await pool.query('SELECT 1 FROM pg_extension WHERE extname = $1', ['pg_hello']);
    next();
  } catch (error) {
    res.status(500).json({ error: 'pg_hello extension not available' });
  }
});

app.get('/api/greeting/:name', async (req, res) => {
  try {
    const { name } = req.params;
    const result = await pool.query('SELECT pg_hello($1) as greeting', [name]);
    res.json({ greeting: result.rows[0].greeting });
  } catch (error) {
    res.status(500).json({ error: error.message });
  }
});

app.listen(process.env.PORT, '127.0.0.1');
