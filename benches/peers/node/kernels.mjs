// Verifies passwords as Node applications do, and says what CPU time it took; kernels.c describes the lines it speaks.

import { pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const pbkdf2 = (digest) => (stored, password) => {
  const [rounds, salt, key] = stored.split(':');
  return timingSafeEqual(Buffer.from(key, 'hex'), pbkdf2Sync(password, salt, Number(rounds), key.length / 2, digest));
};
const scrypt = (stored, password) => {
  const [logN, r, p, salt, key] = stored.split(':');
  const options = { N: 2 ** Number(logN), r: Number(r), p: Number(p), maxmem: 256 * 2 ** 20 };
  return timingSafeEqual(Buffer.from(key, 'hex'), scryptSync(password, salt, key.length / 2, options));
};
const offers = {
  'Node pbkdf2-sha256': [pbkdf2('sha256'), process.versions.node],
  'Node pbkdf2-sha512': [pbkdf2('sha512'), process.versions.node],
  'Node pbkdf2-sha1': [pbkdf2('sha1'), process.versions.node],
  'Node scrypt': [scrypt, process.versions.node],
};
const require = createRequire(import.meta.url);
try {
  const bcrypt = require('bcrypt');
  const verify = (stored, password) => bcrypt.compareSync(password, stored);
  offers['npm-bcrypt bcrypt'] = [verify, require('bcrypt/package.json').version];
} catch {
  // Not installed: not offered.
}

for (const [offer, [, version]] of Object.entries(offers)) console.log(`offers ${offer} ${version}`);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [peer, kind, count, stored, password] = line.trim().split(' ');
  const [verify] = offers[`${peer} ${kind}`];
  let verified = true;
  const before = process.cpuUsage();
  for (let i = 0; i < Number(count) && verified; i++) verified = verify(stored, password);
  const { user, system } = process.cpuUsage(before);
  console.log(verified ? `ok ${((user + system) / Number(count)).toFixed(3)}` : 'error not verified');
}
