import { ALERT_KINDS } from './alerts/index.ts';
import { type Asset, markdownAsset } from './asset.ts';

/** One page for each alert, at the address that its `runbook_url` ends with. */
export function runbooks(): Asset[] {
  return ALERT_KINDS.map(({ name, runbook }) =>
    markdownAsset(`rules/runbooks/${name}.md`, `# ${name}\n\n${runbook.trim()}`),
  );
}
