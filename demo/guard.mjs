// Ends what the demo started when the demo itself could not: it was killed, or crashed. A line on stdin is `+<pid>`,
// `-<pid>` or `rm <folder>`; when stdin closes, the demo is gone.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const pids = new Set();
let folder;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+')) pids.add(Number(line.slice(1)));
  else if (line.startsWith('-')) pids.delete(Number(line.slice(1)));
  else if (line.startsWith('rm ')) folder = line.slice(3);
}
if (pids.size > 0) {
  signalAll('SIGTERM');
  await sleep(2_000);
  signalAll('SIGKILL');
}
if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

function signalAll(signal) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      pids.delete(pid);
    }
  }
}
