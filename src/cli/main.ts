#!/usr/bin/env node
/** The command line: the only place that reads the environment and builds adapters. One file per command. */
import { Command } from 'commander';
import { checkCommand } from './check.ts';
import { fingerprintCommand } from './fingerprint.ts';
import { generateCommand } from './generate.ts';
import { serveCommand } from './serve.ts';
import { verifyCommand } from './verify.ts';
import { VERSION } from './version.ts';

const program = new Command('spendfuse')
  .description('The fuse for AI API spend: budgets that decide before the call.')
  .version(VERSION)
  .showHelpAfterError('(see --help)')
  .addCommand(serveCommand())
  .addCommand(checkCommand())
  .addCommand(generateCommand())
  .addCommand(verifyCommand())
  .addCommand(fingerprintCommand());

program.parseAsync().catch((error: unknown) => {
  console.error(`spendfuse: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
