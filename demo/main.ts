/** `npm run demo`: watch three services run into their budgets, then compare the provider's count with the ledger's. */
import { Command } from 'commander';
import { countsJson, faults } from './counts.ts';
import { claimFolder } from './folder.ts';
import { Interrupted, interruption } from './interruption.ts';
import { Run } from './run.ts';
import { openScreen, type Screen } from './view/screen.ts';
import { summary } from './view/summary.ts';
import { urlLines } from './view/urls.ts';

interface Options {
  exit?: boolean;
  json?: boolean;
  dir?: string;
  killServer?: boolean;
}

async function main(options: Options): Promise<void> {
  const interrupted = interruption();
  const folder = claimFolder(options.dir);
  const screen = openScreen(process.stdout, process.env);
  // A crash, too, gives the cursor back; the guard does the rest.
  process.once('exit', () => screen.end());
  const run = new Run({ screen, folder, killServer: options.killServer ?? false });
  try {
    await Promise.race([show(run, screen, options), interrupted]);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode ??= error.exitCode;
  } finally {
    await run.end();
  }
}

async function show(run: Run, screen: Screen, options: Options): Promise<void> {
  const counts = await run.counts();
  screen.print(summary(counts));
  if (!options.exit) screen.print(urlLines(run.urls));
  if (options.json) process.stdout.write(`${countsJson(counts)}\n`);
  process.exitCode = faults(counts).length === 0 ? 0 : 1;
  if (!options.exit) await run.failed;
}

const program = new Command('demo')
  .description('Three services with real AI SDKs, a stand-in provider, and budgets that decide before the call.')
  .option('--exit', 'end when it is done, with 0 if the counts agree and every service met its fate')
  .option('--json', 'print the counts as JSON, as the last line')
  .option('--dir <folder>', 'keep the ledger and the logs there; otherwise they go when the demo ends')
  .option('--kill-server', 'kill the control server in mid-run and start it again on the same file')
  .action(main);

program.parseAsync().catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
