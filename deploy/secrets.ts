/** Makes the random tokens of docker-compose.yml below a folder, each where it is needed. What exists is kept. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Secret → whose volumes hold it. Names are those of deploy/config/tokens.yaml. */
export const READERS: Readonly<Record<string, readonly string[]>> = {
  support: ['server', 'support'],
  'nightly-eval': ['server', 'nightly-eval'],
  'research-agent': ['server', 'research-agent'],
  metrics: ['server', 'prometheus'],
  operator: ['server'],
  finance: ['server'],
  'grafana-admin': ['grafana'],
};

export function makeSecrets(folder: string): void {
  for (const [name, readers] of Object.entries(READERS)) {
    const files = readers.map((reader) => join(folder, reader, name));
    const kept = files.find((file) => existsSync(file));
    const secret = kept ? readFileSync(kept, 'utf8') : randomBytes(32).toString('base64url');
    for (const file of files) {
      mkdirSync(dirname(file), { recursive: true });
      // Each image runs as a user of its own; who may read is decided by which volume it mounts.
      writeFileSync(file, secret, { mode: 0o444 });
    }
  }
}

if (import.meta.main) makeSecrets(process.argv[2] ?? '/secrets');
