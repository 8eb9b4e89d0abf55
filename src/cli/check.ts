import { Command } from 'commander';
import { formatFinding, loadConfig } from '../config/load.ts';
import { configOption } from './options.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('check budgets.yaml: every mistake with file:line and the mend, and warnings; exits 1 on mistakes')
    .addOption(configOption())
    .option('--strict', 'exit 1 on warnings as well')
    .action((options: { config: string; strict?: boolean }) => {
      const loaded = loadConfig({ path: options.config });
      for (const finding of loaded.ok ? [] : loaded.findings) console.error(`error    ${formatFinding(finding)}`);
      for (const warning of loaded.warnings) console.error(`warning  ${formatFinding(warning)}`);
      const errors = loaded.ok ? 0 : loaded.findings.length;
      console.log(`${options.config}: ${counted(errors, 'error')}, ${counted(loaded.warnings.length, 'warning')}`);
      if (errors > 0 || (options.strict && loaded.warnings.length > 0)) process.exitCode = 1;
    });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
