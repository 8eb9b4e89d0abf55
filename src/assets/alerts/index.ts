import type { AlertKind } from './alert.ts';
import { budgetHard } from './budget-hard.ts';
import { budgetShadow } from './budget-shadow.ts';
import { budgetThreshold } from './budget-threshold.ts';
import { configReloadFailed } from './config-reload-failed.ts';
import { denials } from './denials.ts';
import { notReady } from './not-ready.ts';
import { rulesOutdated } from './rules-outdated.ts';
import { serverDown } from './server-down.ts';
import { telemetryMissing } from './telemetry-missing.ts';
import { unownedSpend } from './unowned-spend.ts';
import { unpricedUsage } from './unpriced-usage.ts';
import { unresolvedHolds } from './unresolved-holds.ts';

/** In the order in which the rules are written. */
export const ALERT_KINDS: readonly AlertKind[] = [
  budgetHard,
  budgetThreshold,
  budgetShadow,
  denials,
  unpricedUsage,
  unownedSpend,
  unresolvedHolds,
  serverDown,
  telemetryMissing,
  notReady,
  configReloadFailed,
  rulesOutdated,
];
