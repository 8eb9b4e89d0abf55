/** As `engines` in package.json has it, by a test. */
export const OLDEST_NODE = '22.15';

/** Why this Node cannot run the command line; undefined when it can. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `this is Node ${version}; install Node ${OLDEST_NODE} or newer`;
}
