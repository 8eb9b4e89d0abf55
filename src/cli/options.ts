import { InvalidArgumentError, Option } from 'commander';

/** The config file or folder, the same in every command. */
export function configOption(): Option {
  return new Option('-c, --config <path>', 'budgets.yaml, or a folder of such files').default('rules/budgets.yaml');
}

export function dbOption(): Option {
  return new Option('--db <file>', 'the ledger: a SQLite file, made when it is missing').default('spendfuse.db');
}

/** Errors: `InvalidArgumentError` for anything but a port number; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}
