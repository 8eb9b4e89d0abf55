/** LiteLLM's proxy with a virtual key and its budget. */
import { globSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Child, Children } from '../../../demo/children.ts';
import { freePort } from '../../../demo/ports.ts';
import { MODEL, PRICE } from './calls.ts';
import { type Databases, startDatabases } from './databases.ts';
import { type Access, answers, type Side } from './side.ts';

export interface LitellmOptions {
  name: string;
  /** The run's. */
  folder: string;
  /** The folder that `setup.sh` filled. */
  home: string;
  /** `general_settings` besides those that it needs. */
  settings: Readonly<Record<string, unknown>>;
  workers: number;
}

const MASTER_KEY = 'sk-of-the-operator';
/** Its start alone takes a quarter of a minute of a core. */
const START_MS = 180_000;
/** Spend is written to the database about every 10 s. */
const WRITES_AT_LEAST_EVERY_MS = 20_000;

export function litellm(children: Children, provider: string, options: LitellmOptions): Side {
  const { home, name } = options;
  const folder = mkdtempSync(join(options.folder, 'litellm-'));
  let port: number;
  let databases: Databases;
  let proxy: Child;

  async function start(): Promise<void> {
    proxy = children.start({
      name: 'litellm',
      command: join(home, 'venv/bin/litellm'),
      args: ['--config', join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', `${port}`].concat(
        options.workers > 1 ? ['--num_workers', `${options.workers}`] : [],
      ),
      env: {
        HOME: folder,
        DATABASE_URL: databases.postgresUrl,
        PRISMA_QUERY_ENGINE_BINARY: process.env.PRISMA_QUERY_ENGINE_BINARY ?? join(home, 'query-engine'),
        // The tables are there already; its own way to make them fetches another engine.
        DISABLE_SCHEMA_UPDATE: 'true',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        LITELLM_MODE: 'PRODUCTION',
        LITELLM_LOG: 'ERROR',
      },
      log: join(folder, 'proxy.log'),
    });
    const gone = proxy.ended.then(() => Promise.reject(new Error(`litellm ended:\n${proxy.lastWords()}`)));
    await Promise.race([answers(`http://127.0.0.1:${port}/health/readiness`, START_MS), gone]);
    gone.catch(() => undefined);
  }

  async function ask(path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  return {
    name,
    async open() {
      const migrations = `${home}/venv/lib/python3*/site-packages/litellm_proxy_extras/migrations/*/migration.sql`;
      databases = await startDatabases(children, options.folder, globSync(migrations).sort());
      port = await freePort();
      writeFileSync(join(folder, 'config.yaml'), stringify(configOf(provider, databases, options.settings)));
      await start();
    },
    async budget(usd): Promise<Access> {
      const { key } = (await ask('/key/generate', { max_budget: usd })) as { key: string };
      const spent = async () => {
        const { info } = (await ask(`/key/info?key=${key}`)) as { info: { spend: number } };
        return info.spend;
      };
      return {
        args: [],
        env: { BASE_URL: `http://127.0.0.1:${port}/v1`, API_KEY: key },
        async reported() {
          for (let before = -1; ; await sleep(WRITES_AT_LEAST_EVERY_MS)) {
            const now = await spent();
            if (now === before) return now;
            before = now;
          }
        },
        end: () => Promise.resolve(),
      };
    },
    async killAndRestart() {
      await proxy.kill();
      await start();
    },
    async close() {
      await proxy?.stop();
      await databases?.close();
    },
  };
}

function configOf(provider: string, { redisPort, postgresUrl }: Databases, settings: object): object {
  const params = {
    model: `openai/${MODEL}`,
    api_base: `${provider}/v1`,
    api_key: 'k',
    input_cost_per_token: Number(PRICE.input) / 1e9,
    output_cost_per_token: Number(PRICE.output) / 1e9,
  };
  return {
    model_list: [{ model_name: MODEL, litellm_params: params }],
    router_settings: { redis_host: '127.0.0.1', redis_port: redisPort },
    litellm_settings: { num_retries: 0, request_timeout: 600 },
    general_settings: {
      master_key: MASTER_KEY,
      database_url: postgresUrl,
      // Counters of spend are shared in Redis; answers are not kept.
      coordination_redis: { host: '127.0.0.1', port: redisPort },
      ...settings,
    },
  };
}
