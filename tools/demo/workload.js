// The workload of the demonstration: needs a password and a key, and says that it has them without showing them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const password = process.env.DATABASE_PASSWORD;
const keyFile = process.argv[2];
const fingerprint = (value) => createHash('sha256').update(value).digest('hex').slice(0, 12);

if (password === undefined || keyFile === undefined) {
  console.log('workload: no password or no key: cannot start');
  process.exit(1);
}
console.log(`workload: started as process ${process.pid}`);
console.log(
  `workload: DATABASE_PASSWORD arrived (${password.length} characters, sha256 ${fingerprint(password)}…)`,
);
const key = readFileSync(keyFile);
console.log(`workload: ${keyFile} arrived (${key.length} bytes, sha256 ${fingerprint(key)}…)`);
