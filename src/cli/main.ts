#!/usr/bin/env node
/**
 * The command line: the only place that reads the environment and builds adapters. Everything is loaded after the check of
 * the Node version, because an older one fails while it loads, with words about modules that help nobody.
 */
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem) {
  console.error(`spendfuse: ${problem}`);
  process.exitCode = 1;
} else {
  void import('./program.ts').then(({ run }) => run());
}
