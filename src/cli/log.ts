import { type DestinationStream, type Logger, pino } from 'pino';

/** JSON lines for machines; at a terminal, lines for a person. */
export function createLog(level: string): Logger {
  return process.stdout.isTTY ? pino({ level }, forPeople()) : pino({ level });
}

const NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg']);

function forPeople(): DestinationStream {
  return {
    write(line) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      const time = new Date(Number(entry.time)).toTimeString().slice(0, 8);
      const name = (NAMES[Number(entry.level)] ?? '').padEnd(5);
      const rest = Object.entries(entry).filter(([key]) => !HIDDEN.has(key));
      const details = rest.map(
        ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      process.stdout.write(`${time} ${name} ${String(entry.msg ?? '')}${details.join('')}\n`);
    },
  };
}
