import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { errorsOf, files, warningsOf } from './files.ts';

const budget = (name: string, fields = 'limit: 5') =>
  `budgets:\n  - { name: ${name}, owner: support, window: day, soft: [50%], ${fields} }\n`;
const OWNERS = 'owners: { support: { backup: platform } }\n';

function load(path: string, tree: Record<string, string>) {
  return loadConfig({ path, ...files(tree) });
}

describe('include', () => {
  it('joins files in sorted order, each once', () => {
    const result = load('conf/budgets.yaml', {
      'conf/budgets.yaml': `include: [teams/*.yaml, teams/b.yaml, '*/deep/x.yml']\n${OWNERS}${budget('root')}`,
      'conf/teams/b.yaml': budget('b'),
      'conf/teams/a.yaml': budget('a'),
      'conf/teams/.hidden.yaml': 'broken: [',
      'conf/teams/notes.txt': 'broken: [',
      'conf/teams/deep/x.yml': budget('x'),
    });
    expect(errorsOf(result)).toEqual([]);
    expect(warningsOf(result)).toEqual([]);
    expect(result.ok && result.config.budgets.map(({ name }) => name)).toEqual(['root', 'a', 'b', 'x']);
    expect(result.ok && result.config.files).toEqual([
      'conf/budgets.yaml',
      'conf/teams/a.yaml',
      'conf/teams/b.yaml',
      'conf/teams/deep/x.yml',
    ]);
  });

  it('tells of names that stand twice with both places', () => {
    const result = load('budgets.yaml', {
      'budgets.yaml': `include: teams/*.yaml\ncurrency: USD\n${OWNERS}${budget('search')}`,
      'teams/a.yaml': `currency: USD\n${OWNERS}${budget('search')}`,
    });
    expect(errorsOf(result)).toEqual([
      'teams/a.yaml:1 "currency" stands already at budgets.yaml:2; rename or delete one of them',
      'teams/a.yaml:2 owner "support" stands already at budgets.yaml:3; rename or delete one of them',
      'teams/a.yaml:4 budget "search": budget "search" stands already at budgets.yaml:5; rename or delete one of them',
    ]);
  });

  it('locates mistakes in the included file, and those of all files at once', () => {
    const result = load('budgets.yaml', {
      'budgets.yaml': `include: teams/*.yaml\n${OWNERS}${budget('root', 'limit: 0')}`,
      'teams/a.yaml': budget('a', 'limit: -1'),
      'teams/b.yaml': 'include: c.yaml\n',
    });
    expect(errorsOf(result)).toEqual([
      'budgets.yaml:4 budget "root": limit is 0; use an amount above 0',
      'teams/a.yaml:2 budget "a": limit -1 is negative; use an amount above 0',
      'teams/b.yaml:1 an included file cannot include others; list them in budgets.yaml',
    ]);
  });

  it('does not blame references to a file that cannot be read', () => {
    const result = load('budgets.yaml', {
      'budgets.yaml': `include: [owners.yaml]\n${budget('root')}`,
      'owners.yaml': 'owners: { support: [\n',
    });
    expect(errorsOf(result).map((line) => line.split(' ')[0])).toEqual(['owners.yaml:2']);
  });

  it.each(['../x.yaml', 'teams/../../x.yaml', '/etc/*.yaml', './../*'])('refuses %s', (pattern) => {
    const result = load('conf/budgets.yaml', { 'conf/budgets.yaml': `include: '${pattern}'\n`, 'x.yaml': OWNERS });
    expect(errorsOf(result)).toEqual([
      `conf/budgets.yaml:1 include ${JSON.stringify(pattern)} leads out of the config's folder; use a path below it`,
    ]);
  });
});

describe('a folder', () => {
  it('is every YAML file in it but those with a dot in front', () => {
    const result = load('conf', {
      'conf/20-search.yaml': budget('search'),
      'conf/10-owners.yml': OWNERS,
      'conf/..data/20-search.yaml': budget('search'),
      'conf/README.md': '# not config',
    });
    expect(errorsOf(result)).toEqual([]);
    expect(result.ok && result.config.files).toEqual(['conf/10-owners.yml', 'conf/20-search.yaml']);
  });

  it('without a YAML file is a mistake', () => {
    expect(errorsOf(load('conf', { 'conf/README.md': '' }))).toEqual([
      'conf:1 the folder holds no *.yaml file; put budgets.yaml there',
    ]);
  });
});

describe('sizes', () => {
  it('bounds a file to 1 MiB and a config to 200 files', () => {
    const large = load('budgets.yaml', { 'budgets.yaml': `# ${'x'.repeat(1024 * 1024)}` });
    expect(errorsOf(large)).toEqual(['budgets.yaml:1 it is larger than 1 MiB; split it and include the parts']);
    const tree = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`t/${index}.yaml`, '{}']));
    const many = load('budgets.yaml', { 'budgets.yaml': 'include: t/*.yaml', ...tree });
    expect(errorsOf(many)).toHaveLength(2);
    expect(errorsOf(many)[0]).toContain('more than 200 files; join some of them');
  });

  it('says so when the file is not there', () => {
    expect(errorsOf(load('budgets.yaml', {}))).toEqual([
      'budgets.yaml:1 there is no such file; check the path and its permissions',
    ]);
  });
});

describe('the revision', () => {
  it('is another one exactly when the text of a file is', () => {
    const tree = { 'budgets.yaml': `include: t/*.yaml\n${OWNERS}`, 't/a.yaml': budget('a') };
    const hash = (changed: Record<string, string>) => {
      const result = load('budgets.yaml', { ...tree, ...changed });
      return result.ok && result.config.hash;
    };
    expect(hash({})).toBe(hash({}));
    expect(hash({ 't/a.yaml': `${budget('a')} ` })).not.toBe(hash({}));
    expect(hash({ 't/b.yaml': '' })).not.toBe(hash({}));
  });
});
