/**
 * The package that `PACKAGE` names, one of its subpaths, or one of `OTHERS`, as `import` or as `require` finds it (`LOAD`). A
 * bundle has this module replaced by one that names the packages.
 */
import { createRequire } from 'node:module';

export function load(what = '') {
  const { PACKAGE, OTHERS, LOAD } = process.env;
  const module = JSON.parse(OTHERS)[what] ?? PACKAGE + what;
  return LOAD === 'require' ? createRequire(import.meta.url)(module) : import(module);
}
