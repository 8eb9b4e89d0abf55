/** No container is started here: what the files say is held against the tree, and what they run is run. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeSecrets, READERS } from '../../deploy/secrets.ts';
import { generateAssets, parseReceivers } from '../../src/assets/assets.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTokens } from '../../src/config/secrets.ts';
import { ROOT } from './install.ts';

interface Service {
  image: string;
  build?: { target: string };
  command?: string[];
  restart?: string;
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
}

interface Manifest {
  version: string;
  devDependencies: Record<string, string>;
}

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(text('package.json')) as Manifest;
const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const dockerfile = text('Dockerfile');
const dir = mkdtempSync(join(tmpdir(), 'spendfuse-compose-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const mounts = services.flatMap(([name, { volumes = [] }]) =>
  volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':');
    return { name, source, target };
  }),
);

describe('docker-compose.yml', () => {
  it('runs the whole topology', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      ...['alertmanager', 'generate', 'grafana', 'inbox', 'nightly-eval', 'prometheus', 'provider', 'research-agent'],
      ...['secrets', 'spendfuse', 'support'],
    ]);
  });

  it.each(services)('%s has a pinned image: ours at the version of the package', (_, { image, build }) => {
    expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/);
    if (!build) return;
    expect(image).toBe(`spendfuse-${build.target}:${manifest.version}`);
    expect(dockerfile).toMatch(new RegExp(`^FROM node:\\S+ AS ${build.target}$`, 'm'));
  });

  it('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
  });

  it('mounts what exists, and declares each volume that it uses and no other', () => {
    const [bound, named] = [mounts.filter(isBind), mounts.filter((mount) => !isBind(mount))];
    expect(bound.filter(({ source }) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect([...new Set(named.map(({ source }) => source))].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('waits for health where there is a check, and for the end where there is one', () => {
    const waits = services.flatMap(([name, { depends_on = {} }]) =>
      Object.entries(depends_on).map(([on, { condition }]) => ({ name, on, condition })),
    );
    expect(waits.length).toBeGreaterThan(0);
    for (const { on, condition } of waits) {
      const awaited = compose.services[on];
      if (condition === 'service_healthy') expect(awaited?.healthcheck?.test, on).toBeDefined();
      else expect([condition, awaited?.restart ?? 'no'], on).toEqual(['service_completed_successfully', 'no']);
    }
  });

  it('checks the health of whatever stays up, except services that end when they are done', () => {
    const unchecked = services.filter(([, { restart, healthcheck }]) => restart === 'unless-stopped' && !healthcheck);
    expect(unchecked.map(([name]) => name).sort()).toEqual(['nightly-eval', 'research-agent', 'support']);
  });

  it('starts files that exist', () => {
    const files = services.flatMap(([, { command = [] }]) => command.filter((word) => /\.(ts|mjs|cjs|sh)$/.test(word)));
    expect(files).toHaveLength(9);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(statSync(join(ROOT, 'deploy/service.sh')).mode & 0o111).not.toBe(0);
  });

  it('gives Grafana the folders that its provisioning names', () => {
    const { providers } = parse(text('grafana/provisioning/dashboards/spendfuse.yaml'));
    const targets = mounts.filter(({ name }) => name === 'grafana').map(({ target }) => target);
    expect(targets).toContain('/etc/grafana/provisioning');
    expect(targets).toContain(providers[0].options.path);
    const home = compose.services.grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
    expect(existsSync(join(ROOT, home.replace(providers[0].options.path, 'grafana/dashboards')))).toBe(true);
  });
});

describe('its budgets', () => {
  const loaded = loadConfig({ path: join(ROOT, 'deploy/config') });

  it('are without a mistake or a warning', () => {
    expect(loaded).toMatchObject({ ok: true, warnings: [] });
  });

  it('generate a Prometheus that finds the server with its token, and an Alertmanager that reaches everyone', () => {
    if (!loaded.ok) throw new Error('see above');
    const receivers = parseReceivers(text('deploy/receivers.yaml'));
    const assets = new Map(generateAssets(loaded.config, { receivers }).map((asset) => [asset.path, asset.text]));
    const prometheus = parse(assets.get('rules/prometheus/prometheus.yaml')!);
    const [job] = prometheus.scrape_configs;
    expect(job.authorization.credentials_file).toBe('/run/secrets/metrics');
    const targets = [job, ...prometheus.alerting.alertmanagers].flatMap(
      ({ static_configs }) => static_configs[0].targets,
    );
    expect(targets).toEqual(['spendfuse:4319', 'alertmanager:9093']);
    expect(compose.services).toMatchObject({ spendfuse: {}, alertmanager: {} });
    const told = parse(assets.get('rules/alertmanager/alertmanager.yaml')!).receivers as {
      webhook_configs: { url: string }[];
    }[];
    expect(new Set(told.flatMap(({ webhook_configs }) => webhook_configs.map(({ url }) => url)))).toEqual(
      new Set(['http://inbox:8080']),
    );
  });

  it('have tokens that are made once, each for those who need it', () => {
    if (!loaded.ok) throw new Error('see above');
    makeSecrets(dir);
    const read = (path: string) => readFileSync(path.replace('/run/secrets/', `${dir}/server/`), 'utf8');
    const before = resolveTokens(loaded.config, { env: {}, readFile: read });
    expect(before).toMatchObject({ ok: true });
    makeSecrets(dir);
    expect(resolveTokens(loaded.config, { env: {}, readFile: read })).toEqual(before);
    expect(readFileSync(join(dir, 'support/support'), 'utf8')).toBe(read('/run/secrets/support'));
    expect(existsSync(join(dir, 'support/operator'))).toBe(false);
  });

  it('have tokens in volumes that the services mount', () => {
    const made = mounts.filter(({ name, target }) => name === 'secrets' && target.startsWith('/secrets/'));
    const folders = new Set(Object.values(READERS).flat());
    expect(new Set(made.map(({ target }) => target.slice('/secrets/'.length)))).toEqual(folders);
    const mounted = mounts.filter(({ target }) => target === '/run/secrets').map(({ source }) => source);
    expect(mounted.sort()).toEqual(made.map(({ source }) => source).sort());
  });
});

describe('the Dockerfile', () => {
  it('starts from the Node that the tests run on, pinned', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(new Set(bases)).toEqual(new Set([`node:${manifest.devDependencies.node}-bookworm-slim`]));
  });

  it('copies what exists', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.length).toBeGreaterThan(3);
    expect(copied.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('ends as the server, which is not root, is probed, and is told to stop itself', () => {
    const server = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(server).toMatch(/ AS server\n/);
    for (const line of [
      'USER node',
      'VOLUME /var/lib/spendfuse',
      'EXPOSE 4319',
      'HEALTHCHECK ',
      'ENTRYPOINT ["node", ',
    ]) {
      expect(server).toContain(`\n${line}`);
    }
  });
});

function isBind({ source }: { source: string }): boolean {
  return source.startsWith('.');
}
