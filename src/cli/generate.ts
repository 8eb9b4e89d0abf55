import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command } from 'commander';
import { RECEIVERS_PATH } from '../assets/receivers.ts';
import { configJsonSchema } from '../config/schema.ts';
import { loadOrThrow } from './load.ts';
import { configOption } from './options.ts';

export function generateCommand(): Command {
  return new Command('generate')
    .description('write Prometheus rules, the Alertmanager config, Grafana dashboards and the editor schema')
    .addOption(configOption())
    .option('-o, --out <folder>', 'where to write them', '.')
    .option('--receivers <file>', 'how each receiver is reached', RECEIVERS_PATH)
    .action(async (options: { config: string; out: string; receivers: string }) => {
      // Of the dashboards' builder come hundreds of files, which no other command needs to read.
      const { generateAssets, parseReceivers } = await import('../assets/assets.ts');
      const { config } = loadOrThrow(options.config);
      const receivers = parseReceivers(readReceivers(options.receivers), options.receivers);
      const assets = [
        ...generateAssets(config, { receivers }),
        { path: 'rules/budgets.schema.json', text: `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
      ];
      for (const asset of assets) {
        const target = join(options.out, asset.path);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, asset.text);
        console.log(relative('.', target));
      }
    });
}

/** Errors: `Error` with the mend. */
function readReceivers(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`${path}: ${why}; name the file that says how each receiver is reached with --receivers`);
  }
}
