import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, describeEnding } from './children.ts';

const READY_TIMEOUT_MS = 30_000;

/** Resolves when the address answers 2xx. Errors: says what the child said last when it ends or takes too long. */
export async function untilReady(child: Child, url: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await answers(url))) {
    if (!child.living) {
      throw new Error(`${child.name} ended at its start (${describeEnding(await child.ended)}):\n${child.lastWords()}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`${child.name} is not ready after ${READY_TIMEOUT_MS / 1000} s:\n${child.lastWords()}`);
    }
    await sleep(50);
  }
}

/** Calls `onDeath` when the child ends and nobody has asked it to. */
export function watchLife(child: Child, onDeath: (error: Error) => void): void {
  void child.ended.then((ending) => {
    if (child.stopping) return;
    onDeath(new Error(`${child.name} ended early (${describeEnding(ending)}):\n${child.lastWords()}`));
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
