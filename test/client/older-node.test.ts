import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

/** Takes from `node:module` what an older Node does not have, before anything else is loaded. */
const OLDER = `const builtin = require('node:module'); delete builtin.registerHooks; builtin.syncBuiltinESMExports();`;

test('on a Node without module hooks the application runs, and is told loudly that nothing is metered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'older.cjs'), OLDER);
  writeFileSync(join(folder, 'app.mjs'), `console.log('the application runs');`);
  const register = new URL('../../src/register.ts', import.meta.url).href;
  const args = ['--require', './older.cjs', '--import', register, 'app.mjs'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'the application runs\n' });
  expect(stderr).toMatch(/NEITHER METERED NOR CAPPED \(this is Node .*; use Node 22\.15 or newer\)/);
});

test('no name is imported from node:module, because one that is missing ends the application while it loads', () => {
  const text = readFileSync(new URL('../../instrumentations/hooks/load.ts', import.meta.url), 'utf8');
  expect(text).toContain(`import module from 'node:module';`);
  expect(text).not.toMatch(/import \{[^}]*\} from 'node:module'/);
});
