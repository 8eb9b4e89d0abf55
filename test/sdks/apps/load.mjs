/**
 * The package that `PACKAGE` names, or one of its subpaths, as `import` or as `require` finds it (`LOAD`). A bundle has this
 * module replaced by one that names the package.
 */
import { createRequire } from 'node:module';

export function load(subpath = '') {
  const { PACKAGE, LOAD } = process.env;
  return LOAD === 'require' ? createRequire(import.meta.url)(PACKAGE + subpath) : import(PACKAGE + subpath);
}
