import { InvalidArgumentError, Option } from 'commander';

/** The config file or folder, the same in every command. */
export function configOption(): Option {
  return new Option('-c, --config <path>', 'budgets.yaml, or a folder of such files').default('rules/budgets.yaml');
}

export function dbOption(): Option {
  return new Option('--db <file>', 'the ledger: a SQLite file, made when it is missing')
    .argParser(parseDb)
    .default('spendfuse.db');
}

/** Errors: `InvalidArgumentError` for what SQLite would take for a ledger that is gone when the process ends. */
export function parseDb(text: string): string {
  if (text === '' || text.startsWith(':') || text.startsWith('file:')) {
    throw new InvalidArgumentError('name a file on a disk that lasts, such as spendfuse.db');
  }
  if (/^postgres(ql)?:/.test(text)) {
    throw new InvalidArgumentError('this version keeps its ledger in a SQLite file; name one');
  }
  return text;
}

/** Errors: `InvalidArgumentError` for anything but a port number; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}
