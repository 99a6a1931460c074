// A password import hook in Node, as one writes it from Okta's guide (Express, a check of the Authorization header, the
// commands that it shows), over PostgreSQL and bcrypt, with what a service needs beyond the guide: a pool of
// connections, a prepared look-up, a comparison in constant time, bcrypt off the event loop.
//
//     DATABASE_URL=postgres://… HOOK_SECRET='Basic …' PORT=3000 node hook.mjs

import { createHash, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcrypt';
import express from 'express';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const digest = (text) => createHash('sha256').update(text).digest();
const secret = digest(process.env.HOOK_SECRET);
const lookup = { name: 'lookup', text: 'SELECT password FROM users WHERE email = $1 AND enabled' };

const app = express();
app.disable('x-powered-by');
app.use((request, response, next) => {
  const given = digest(request.get('authorization') ?? '');
  if (timingSafeEqual(given, secret)) next();
  else response.sendStatus(401);
});
app.use(express.json({ limit: '64kb' }));
app.post('/okta/password-import', async (request, response) => {
  const { username, password } = request.body.data.context.credential;
  const { rows } = await pool.query({ ...lookup, values: [username.trim().toLowerCase()] });
  const verified = rows.length === 1 && (await bcrypt.compare(password, rows[0].password));
  const credential = verified ? 'VERIFIED' : 'UNVERIFIED';
  response.json({ commands: [{ type: 'com.okta.action.update', value: { credential } }] });
});
const server = app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close();
  process.exit(0);
});
