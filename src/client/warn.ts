/** The client speaks seldom: one line on stderr per cause and process, never a prompt, a completion or a key. */
export type Warn = (cause: string, message: string) => void;

const said = new Set<string>();

/** Says `message` the first time that `cause` comes up. */
export const warnOnce: Warn = (cause, message) => {
  if (said.has(cause)) return;
  said.add(cause);
  say(message);
};

/** For what has a beginning and an end, such as an outage: every time. */
export function say(message: string): void {
  process.stderr.write(`spendfuse: ${message}\n`);
}

/** A telemetry failure never breaks a call. */
export function quietly<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    warnOnce('telemetry', `telemetry failed (${(error as Error).message}); calls and settlements go on`);
    return undefined;
  }
}
