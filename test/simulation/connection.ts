/**
 * A process at the server: its session as `src/client/session.ts` keeps it, and single questions with their time-outs.
 * `open ⇄ away`: while away, probes go on in the background.
 */
import type { HeartbeatReply, SessionReply, WireRules } from '../../src/protocol/wire.ts';
import type { Leasing } from './leasing.ts';
import type { Reply } from './network.ts';
import { Process } from './process.ts';
import type { Ask } from './server.ts';

export const DECISION_MS = 250;
export const BACKGROUND_MS = 2_000;
const HEARTBEAT_MS = 8_000;
const GRACE_MS = 1_000;

export abstract class Connection extends Process {
  readonly session = `s-${this.name}`;
  abstract readonly leasing: Leasing;
  protected state: 'unopened' | 'open' | 'away' = 'unopened';
  protected rules: WireRules | undefined;
  protected outages = 0;
  #opening: Promise<void> | undefined;
  #beating: Promise<void> | undefined;

  abstract get journalLength(): number;

  protected async heartbeats(): Promise<void> {
    for (;;) {
      await this.sleep(HEARTBEAT_MS);
      await this.beat();
    }
  }

  /** One at a time: the lease's asks are numbered. */
  protected beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    if (this.state !== 'open') return;
    const { ask, wire } = this.leasing.ask();
    const body = { rules_version: this.rules?.version ?? '', journal_length: this.journalLength, ...wire };
    const reply = await this.ask({ kind: 'heartbeat', session: this.session, body }, BACKGROUND_MS);
    if (reply?.status === 200) {
      const { rules } = reply.body as HeartbeatReply;
      if (rules) this.#take(rules);
      this.leasing.answered(ask, reply.body as HeartbeatReply);
      return;
    }
    this.leasing.lease.unanswered(ask);
    if (reply?.status === 404) await this.reopen();
    else this.lost();
  }

  #take(rules: WireRules): void {
    const isNew = this.rules !== undefined && this.rules.version !== rules.version;
    this.rules = rules;
    if (isNew) this.leasing.rulesChanged();
  }

  protected openSession(timeoutMs: number): Promise<void> {
    this.#opening ??= this.#askToOpen(timeoutMs).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #askToOpen(timeoutMs: number): Promise<void> {
    const body = { session: this.session, attribution: { service: 'api' } };
    const reply = await this.ask({ kind: 'open', body }, timeoutMs);
    if (reply?.status !== 200) {
      this.lost();
      return;
    }
    this.#take((reply.body as SessionReply).rules);
    this.state = 'open';
  }

  /** The server no longer knows this session. */
  protected reopen(): Promise<void> {
    if (!this.#opening) this.state = 'unopened';
    return this.openSession(DECISION_MS);
  }

  protected lost(): void {
    if (this.state === 'away') return;
    this.state = 'away';
    this.outages += 1;
    this.world.trace.note('server unreachable', this.name);
    this.world.run(() => this.#probe());
  }

  async #probe(): Promise<void> {
    for (let wait = 100; this.state === 'away'; wait = Math.min(wait * 2, 5_000)) {
      await this.sleep(wait);
      await this.openSession(BACKGROUND_MS);
    }
  }

  /** Undefined: no answer in time. The other side learns that nobody waits any more, perhaps. */
  protected ask(ask: Ask, timeoutMs: number): Promise<Reply | undefined> {
    const { network, server, judge, trace } = this.world;
    const controller = new AbortController();
    return new Promise((resolve) => {
      let isOver = false;
      const end = (reply: Reply | undefined): void => {
        if (isOver) return;
        isOver = true;
        callOff();
        resolve(reply);
      };
      const giveUp = (): void => {
        if (isOver) return;
        end(undefined);
        network.send(this.name, 'signal', () => controller.abort());
      };
      let callOff = this.after(timeoutMs, giveUp);
      const waitLonger = (): void => {
        if (isOver) return;
        callOff();
        callOff = this.after((this.rules?.max_wait_ms ?? 0) + GRACE_MS, giveUp);
      };
      const patience = {
        signal: controller.signal,
        onWait: () => {
          trace.count('waits');
          network.send(this.name, 'signal', () => this.wake(waitLonger));
        },
      };
      network.send(this.name, 'request', () =>
        this.world.run(async () => {
          judge.heardOf(this.session);
          const reply = await server.handle(ask, patience);
          if (reply) network.send(this.name, 'reply', () => this.wake(() => end(reply)));
        }),
      );
    });
  }
}
