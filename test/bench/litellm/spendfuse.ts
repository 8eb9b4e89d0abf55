/** Ours: the built server, and a service with the one import. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Children } from '../../../demo/children.ts';
import { freePort } from '../../../demo/ports.ts';
import { MODEL, PRICE } from './calls.ts';
import { type Access, type Side, startUntil } from './side.ts';

export interface SpendfuseOptions {
  name: string;
  /** The run's. */
  folder: string;
  leases: boolean;
}

export function spendfuse(children: Children, provider: string, options: SpendfuseOptions): Side {
  let server: Child;
  let start: () => Promise<void>;

  return {
    name: options.name,
    open: () => Promise.resolve(),
    async budget(usd): Promise<Access> {
      const folder = mkdtempSync(join(options.folder, 'spendfuse-'));
      const port = await freePort();
      writeFileSync(join(folder, 'budgets.yaml'), configOf(usd, options.leases));
      const files = ['--config', join(folder, 'budgets.yaml'), '--db', join(folder, 'ledger.db')];
      start = async () => {
        server = await startUntil(
          children,
          {
            name: 'spendfuse',
            command: process.execPath,
            args: ['dist/src/cli/main.js', 'serve', ...files, '--port', `${port}`],
          },
          (line) => line.includes('"msg":"ready'),
        );
      };
      await start();
      const url = `http://127.0.0.1:${port}`;
      return {
        args: ['--import', 'spendfuse/register'],
        env: {
          BASE_URL: `${provider}/v1`,
          API_KEY: 'k',
          SPENDFUSE_ENDPOINT: url,
          SPENDFUSE_JOURNAL: join(folder, 'journals'),
          SPENDFUSE_WHEN_UNREACHABLE: 'block',
          OTEL_SERVICE_NAME: 'peer',
        },
        reported: async () => {
          const { items } = (await (await fetch(`${url}/v1/budgets`)).json()) as { items: { spent: string }[] };
          return Number(items[0]?.spent ?? 0) / 1e9;
        },
        end: async () => void (await server.stop()),
      };
    },
    async killAndRestart() {
      await server.kill();
      await start();
    },
    close: () => Promise.resolve(),
  };
}

/** A rolling day, so that no midnight makes the cap whole again in the middle of a run. */
function configOf(usd: number, leases: boolean): string {
  const perMillion = (nanoUsd: bigint) => Number(nanoUsd) / 1_000;
  return `owners: { team: {} }
${leases ? '' : 'leases: false'}
prices: [{ provider: openai, model: ${MODEL}, input: ${perMillion(PRICE.input)}, output: ${perMillion(PRICE.output)} }]
budgets:
  - { name: cap, owner: team, window: { rolling: 24h }, limit: ${usd}, hard: block, when_unreachable: block }
`;
}
