import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/cli/version.ts';
import { paths, ROOT, read } from './source.ts';

interface Manifest {
  version: string;
  engines: { node: string };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const pages = paths('**/*.md');

describe('package.json', () => {
  it('has the version that the command line tells', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('pins every dependency, and is what the lock file was made from', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    const pinned = /^(?:npm:.+@)?\d+\.\d+\.\d+$|^file:test\//;
    expect(Object.entries(all).filter(([, version]) => !pinned.test(version))).toEqual([]);
    const locked = JSON.parse(read('package-lock.json')).packages[''];
    expect(locked.dependencies).toEqual(manifest.dependencies);
    expect(locked.devDependencies).toEqual(manifest.devDependencies);
    expect(locked.version).toBe(manifest.version);
  });

  it('brings Node for development only', () => {
    expect(manifest.dependencies).not.toHaveProperty('node');
    expect(manifest.devDependencies).toHaveProperty('node');
  });

  it('names only scripts that exist', () => {
    const named = Object.values(manifest.scripts).flatMap((script) => script.match(/[\w./-]+\.(ts|json)\b/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('the tree', () => {
  it('has a README in every room', () => {
    const folders = paths('src/*/**/*.ts').map((path) => path.split('/').slice(0, 2).join('/'));
    const rooms = [...new Set(folders), 'instrumentations', 'instrumentations/formats'];
    expect(rooms.length).toBeGreaterThan(1);
    expect(rooms.filter((room) => !existsSync(join(ROOT, room, 'README.md')))).toEqual([]);
  });

  it('has an executable way to run everything, and it runs what the README tells', () => {
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
    for (const command of ['npm ci', 'npm test']) {
      expect(read('README.md')).toContain(command);
      expect(read('.ci/run')).toContain(command);
    }
  });

  it('names no path of the machine that it was written on', () => {
    const places = /(?<![\w.~$}-])\/(?:home|root|Users|work)\/[\w.-]+|\bC:\\\\?Users\b/;
    const text = paths('**/*.{ts,mjs,cjs,js,json,md,yaml,yml,sql,txt}', '.ci/*', 'Dockerfile', '.dockerignore');
    expect(text.filter((path) => path !== 'package-lock.json' && places.test(read(path)))).toEqual([]);
  });
});

describe('pages', () => {
  it.each(pages)('%s links only to what exists', (page) => {
    const broken = linksOf(read(page)).filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** Relative links and pictures; what stands in code is none. */
function linksOf(markdown: string): string[] {
  const prose = withoutCode(markdown).replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g), ...prose.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return links.map(([, link = '']) => link).filter((link) => !/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(link));
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+\s+(.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
}
