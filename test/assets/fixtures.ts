import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { type Asset, type AssetOptions, generateAssets, webhookReceivers } from '../../src/assets/assets.ts';
import type { Config } from '../../src/config/config.ts';
import { formatFinding, loadConfig } from '../../src/config/load.ts';

export const SMALL = 'test/assets/golden/small/in-budgets.yaml';
export const OVERLAPPING = 'test/assets/configs/overlapping-overrides.yaml';
export const AWKWARD = 'test/assets/configs/awkward-names.yaml';
export const EXAMPLE = 'rules/budgets.yaml';

export function configAt(path: string): Config {
  const loaded = loadConfig({ path });
  if (!loaded.ok) throw new Error(loaded.findings.map(formatFinding).join('\n'));
  return loaded.config;
}

/** All assets, with every receiver as a webhook below `pager`. */
export function assetsOf(config: Config, options: Partial<AssetOptions> = {}, pager = 'http://127.0.0.1:9'): Asset[] {
  return generateAssets(config, { receivers: webhookReceivers(config, pager), ...options });
}

export function textOf(assets: readonly Asset[], path: string): string {
  const asset = assets.find((each) => each.path === path);
  if (!asset) throw new Error(`no asset ${path}`);
  return asset.text;
}

const folders: string[] = [];

/** Registered first, so it runs after the hooks of the test file, which end what lives in the folders. */
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-assets-'));
  folders.push(folder);
  return folder;
}

export function writeAssets(assets: readonly Asset[], root: string): void {
  for (const { path, text } of assets) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
