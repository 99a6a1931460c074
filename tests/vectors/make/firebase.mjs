// Hashes of npm's firebase-scrypt, for apps.py: reads [{password, salt, signerKey, saltSeparator, rounds, memCost}] as
// JSON from standard input, writes the hashes as JSON.
import { createRequire } from "node:module";

const { FirebaseScrypt } = createRequire(`${process.argv[2]}/`)("firebase-scrypt");
let text = "";
for await (const chunk of process.stdin) text += chunk;
const hashes = [];
for (const { password, salt, ...options } of JSON.parse(text)) {
  hashes.push(await new FirebaseScrypt(options).hash(password, salt));
}
console.log(JSON.stringify(hashes));
