/** `npm run bench [-- admission | overhead | reservations | growth | torture]`: prints figures, asserts nothing. */
import { cpus } from 'node:os';
import { admission } from './admission.ts';
import { growth } from './growth.ts';
import { overhead } from './overhead.ts';
import { reservations } from './reservations.ts';
import { torture } from './torture.ts';

const BENCHES = { admission, overhead, reservations, growth, torture };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown !== undefined) {
  console.error(`no bench "${unknown}"; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(1);
}
console.log(`node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})\n`);
for (const [name, run] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`${name}\n${'-'.repeat(name.length)}`);
  await run();
  console.log();
}
process.exit(0);
