import type { PackageSpec } from './packages.ts';
import type { Needed } from './walk.ts';

/** What is read of the root's package.json. */
export interface RootManifest {
  version: string;
  license: string;
  keywords: readonly string[];
  engines: Record<string, string>;
  exports: Record<string, unknown>;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
}

/**
 * The package.json of a package: dependencies are what its files import, at the root's versions.
 * Errors: a message for each import that is declared nowhere, and for each declared peer that nothing imports.
 */
export function manifestOf(spec: PackageSpec, root: RootManifest, needed: Needed): Record<string, unknown> {
  const peers = { ...spec.peers, ...spec.optionalPeers };
  const imported = [...needed.packages.keys()].sort();
  const problems = [
    ...imported
      .filter((name) => !(name in peers) && !(name in root.dependencies))
      .map((name) => `${needed.packages.get(name)} imports ${name}, which package.json does not declare`),
    ...Object.keys(peers)
      .filter((name) => !needed.packages.has(name))
      .map((name) => `${spec.name} declares the peer ${name}, which nothing in it imports`),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const dependencies = imported.filter((name) => !(name in peers)).map((name) => [name, root.dependencies[name]]);
  return {
    name: spec.name,
    version: root.version,
    description: spec.description,
    keywords: root.keywords,
    license: root.license,
    type: 'module',
    engines: root.engines,
    exports: Object.fromEntries(spec.exports.map((key) => [key, root.exports[key]])),
    ...(spec.bin && { bin: root.bin }),
    dependencies: Object.fromEntries(dependencies),
    ...(Object.keys(peers).length > 0 && {
      peerDependencies: peers,
      peerDependenciesMeta: Object.fromEntries(
        Object.keys(spec.optionalPeers).map((name) => [name, { optional: true }]),
      ),
    }),
    publishConfig: { access: 'public' },
  };
}

/** What the root declares and no package imports. */
export function unusedDependencies(root: RootManifest, needed: readonly Needed[]): string[] {
  const used = new Set(needed.flatMap(({ packages }) => [...packages.keys()]));
  return Object.keys(root.dependencies).filter((name) => !used.has(name));
}
