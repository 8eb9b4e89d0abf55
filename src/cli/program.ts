/** One file per command. */
import { Command } from 'commander';
import { checkCommand } from './check.ts';
import { fingerprintCommand } from './fingerprint.ts';
import { generateCommand } from './generate.ts';
import { serveCommand } from './serve.ts';
import { verifyCommand } from './verify.ts';
import { VERSION } from './version.ts';

/** Runs what the arguments ask for. What goes wrong is one clear message and exit code 1, never a stack trace. */
export async function run(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    console.error(`spendfuse: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function program(): Command {
  return new Command('spendfuse')
    .description('The fuse for AI API spend: budgets that decide before the call.')
    .version(VERSION)
    .showHelpAfterError('(see --help)')
    .addCommand(serveCommand())
    .addCommand(checkCommand())
    .addCommand(generateCommand())
    .addCommand(verifyCommand())
    .addCommand(fingerprintCommand());
}
