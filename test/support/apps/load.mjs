/** The package that `PACKAGE` names, as `import` or as `require` finds it (`LOAD`). */
import { createRequire } from 'node:module';

export function load() {
  const { PACKAGE, LOAD } = process.env;
  return LOAD === 'require' ? createRequire(import.meta.url)(PACKAGE) : import(PACKAGE);
}
