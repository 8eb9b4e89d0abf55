import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { fingerprint } from '../domain/fingerprint.ts';

export function fingerprintCommand(): Command {
  return new Command('fingerprint')
    .description('print the fingerprint of an API key read from stdin, for `keys:` in budgets.yaml')
    .addHelpText('after', '\nExample:\n  printf %s "$OPENAI_API_KEY" | spendfuse fingerprint')
    .action(async () => {
      if (process.stdin.isTTY) console.error('Paste the key, then press Enter and Ctrl-D (it is not stored):');
      const key = (await text(process.stdin)).trim();
      if (!key) throw new Error('no key on stdin; try: printf %s "$OPENAI_API_KEY" | spendfuse fingerprint');
      console.log(fingerprint(key));
    });
}
