/**
 * The real Prometheus and Alertmanager on loopback, with a free port and a folder of their own, ended by their own
 * process id. A machine without them fails the test and says what to install: nothing is skipped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';

export interface Running {
  url: string;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Address of a /metrics page. */
  scrape: string;
  /** Rule file, or files. */
  rules: string | readonly string[];
  /** An empty folder for its config, data and log. */
  dir: string;
  /** Address of an Alertmanager. */
  alertmanager?: string;
  /** Bearer token for the scrape. */
  token?: string;
  /** Of scrapes and evaluations; `500ms` unless told. */
  interval?: string;
  job?: string;
}

export async function startPrometheus(options: PrometheusOptions): Promise<Running> {
  await mkdir(options.dir, { recursive: true });
  const config = join(options.dir, 'prometheus.yml');
  await writeFile(config, stringify(prometheusConfig(options)));
  return start('prometheus', ['prometheus'], options.dir, (address) => [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(options.dir, 'data')}`,
    `--web.listen-address=${address}`,
    '--web.enable-lifecycle',
    // A resolved or new alert is handed on at once, not after the default minute.
    '--rules.alert.resend-delay=1s',
  ]);
}

function prometheusConfig({
  scrape,
  rules,
  alertmanager,
  token,
  interval = '500ms',
  job = 'spendfuse',
}: PrometheusOptions) {
  const page = new URL(scrape);
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [rules].flat().map((file) => resolve(file)),
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    }),
    scrape_configs: [
      {
        job_name: job,
        scheme: page.protocol.replace(':', ''),
        metrics_path: page.pathname,
        ...(token && { authorization: { type: 'Bearer', credentials: token } }),
        static_configs: [{ targets: [page.host] }],
      },
    ],
  };
}

/** `config` is the path of an alertmanager.yaml. */
export async function startAlertmanager({ config, dir }: { config: string; dir: string }): Promise<Running> {
  await mkdir(dir, { recursive: true });
  return start('alertmanager', ['prometheus-alertmanager', 'alertmanager'], dir, (address) => [
    `--config.file=${resolve(config)}`,
    `--storage.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ]);
}

const READY_TIMEOUT_MS = 30_000;
const PORT_ATTEMPTS = 5;

/** Another process may take the free port first; then another one is tried. */
async function start(
  name: string,
  commands: readonly string[],
  dir: string,
  argumentsFor: (address: string) => string[],
): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const address = `127.0.0.1:${await freePort()}`;
    const log = join(dir, `${name}.log`);
    const child = await launch(commands, argumentsFor(address), log);
    const url = `http://${address}`;
    if (await becomesReady(child, `${url}/-/ready`)) return { url, stop: () => stop(child) };
    await stop(child);
    const text = await readFile(log, 'utf8');
    if (!text.includes('address already in use') || attempt === PORT_ATTEMPTS) {
      throw new Error(`${name} did not become ready:\n${text.slice(-2000)}`);
    }
  }
}

async function launch(commands: readonly string[], args: string[], log: string): Promise<ChildProcess> {
  const file = openSync(log, 'w');
  try {
    for (const command of commands) {
      const child = spawn(command, args, { stdio: ['ignore', file, file] });
      if (await isInstalled(child)) return child;
    }
  } finally {
    closeSync(file);
  }
  throw new Error(`${commands[0]} is not installed: apt-get install prometheus prometheus-alertmanager`);
}

function isInstalled(child: ChildProcess): Promise<boolean> {
  return new Promise((done, fail) => {
    child.once('spawn', () => done(true));
    child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? done(false) : fail(error)));
  });
}

async function becomesReady(child: ChildProcess, url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  while (!signal.aborted && child.exitCode === null && child.signalCode === null) {
    const ready = await fetch(url, { signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(impatience);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
