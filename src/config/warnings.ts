/**
 * What is allowed and usually goes wrong. One small function for each way in which budgets fail people; each answers
 * the subjects that it concerns and says what would help.
 */
import type { Budget, BudgetTerms, Threshold } from '../domain/budget.ts';
import type { Config, Owner } from './config.ts';
import type { Place, Report } from './finding.ts';
import { formatPercent } from './format.ts';
import type { Merged } from './merge.ts';
import { stops } from './thresholds.ts';

interface Concern {
  about: { budget: string } | { owner: string } | { price: number };
  message: string;
  mend: string;
}

type Warning = (config: Config) => Concern[];

/** Every budget with the terms of its instances: as it stands, and as each override changes it. */
function variants(budget: Budget): (BudgetTerms & { match: Budget['match'] })[] {
  const base = { ...budget, match: budget.match };
  return [
    base,
    ...budget.overrides.map(({ match, terms }) => ({ ...base, ...terms, match: { ...budget.match, ...match } })),
  ];
}

function cap(thresholds: readonly Threshold[]): Threshold | undefined {
  return thresholds.find((threshold) => stops(threshold) && !threshold.when);
}

function about(
  budgets: readonly Budget[],
  test: (budget: Budget) => boolean,
  message: string,
  mend: string,
): Concern[] {
  return budgets.filter(test).map(({ name }) => ({ about: { budget: name }, message, mend }));
}

/** No threshold: the limit is reached and nobody hears of it. */
const nobodyToTell: Warning = ({ budgets }) =>
  about(
    budgets,
    (budget) => variants(budget).some(({ thresholds }) => thresholds.length === 0),
    'nobody is told when the limit is near: there is no threshold',
    'add soft: [50%, 75%, 90%], or defaults.soft for all',
  );

/** `owner_by` finds an owner for some values only, and nobody answers for the rest. */
const nobodyForTheRest: Warning = ({ budgets }) =>
  about(
    budgets,
    (budget) => budget.ownerBy !== undefined && budget.owner === '',
    'nobody is told of values that name no owner',
    'add owner: beside owner_by, or defaults.owners.platform',
  );

/** The owner is ill, and the page rings on. */
const noBackup: Warning = (config) => {
  const behind = config.defaultOwners.backup ?? config.defaultOwners.platform;
  return ownersInUse(config)
    .filter((owner) => !owner.backup && !owner.platform && !behind)
    .map(({ name }) => ({
      about: { owner: name },
      message: `owner "${name}" has no backup`,
      mend: 'add backup: to the owner, or defaults.owners.platform for all',
    }));
};

function ownersInUse({ budgets, owners }: Config): Owner[] {
  const everyone = budgets.some(({ ownerBy }) => ownerBy !== undefined);
  const named = new Set(budgets.flatMap((budget) => variants(budget).map(({ owner }) => owner)));
  return [...owners.values()].filter(({ name }) => everyone || named.has(name));
}

/** An experiment in staging uses up the money, and production is stopped. */
const allEnvironments: Warning = ({ budgets }) =>
  about(
    budgets,
    ({ match, per, thresholds }) =>
      cap(thresholds) !== undefined && !separates(per) && !separates(Object.keys(match) as Budget['per']),
    'one cap for all environments: staging can stop production',
    'add environment to per, or match one environment',
  );

/** Keys are made for an environment; a budget of one key does not mix them. */
function separates(dimensions: Budget['per']): boolean {
  return ['environment', 'api_key', 'key_alias'].some((name) => (dimensions as readonly string[]).includes(name));
}

/** Production stops at the cap, with no cheaper way to go on before it and nobody who may decide otherwise. */
const noWayOn: Warning = (config) =>
  about(
    config.budgets,
    (budget) => variants(budget).some((terms) => reachesProduction(budget, terms) && isDeadEnd(terms, budget, config)),
    'production is stopped at the cap with no way on',
    'add a downgrade below the cap, or approvers to the owner',
  );

function reachesProduction({ per }: Budget, { match }: { match: Budget['match'] }): boolean {
  const environments = match.environment;
  if (environments) return environments.some((name) => /^prod/i.test(name) || name === '*');
  return per.includes('environment');
}

function isDeadEnd(terms: BudgetTerms, { ownerBy }: Budget, { owners }: Config): boolean {
  if (!cap(terms.thresholds) || terms.shadow) return false;
  if (terms.thresholds.some(({ action }) => action === 'downgrade')) return false;
  const owner = owners.get(terms.owner);
  const askable = ownerBy ? [...owners.values()] : owner ? [owner] : [];
  return !askable.some(({ approvers }) => approvers.length > 0);
}

const CAP_WORDS = /\b(cap|hard|block|stop|ceiling|kill)s?\b/;

/** It is called a cap, or fails closed, and stops nothing. */
const softAsCap: Warning = ({ budgets }) =>
  about(
    budgets,
    (budget) =>
      variants(budget).every(({ thresholds }) => !thresholds.some(stops)) &&
      (CAP_WORDS.test(budget.name.replaceAll(/[-_.]/g, ' ')) || budget.whenUnreachable === 'block'),
    'a soft limit is used as a cap: no threshold stops calls',
    'add hard: block, or do not call it a cap',
  );

/** The first that anybody hears is the refusal. */
const noEarlyWarning: Warning = ({ budgets }) =>
  about(
    budgets,
    (budget) =>
      variants(budget).some(({ thresholds }) => {
        const stop = cap(thresholds);
        return stop !== undefined && !thresholds.some(({ atBasisPoints }) => atBasisPoints < stop.atBasisPoints);
      }),
    'nobody is told before calls are stopped',
    'add soft: [75%, 90%]',
  );

/** A price that nobody will look at again. */
const noExpiry: Warning = ({ prices }) =>
  prices.flatMap(({ provider, model, until }, price) =>
    until !== undefined
      ? []
      : [
          {
            about: { price },
            message: `the price of ${provider}/${model} has no expiry`,
            mend: 'add until:, the day the contract ends',
          },
        ],
  );

/** The list of models to downgrade from has a model that is meant to be the cheap one. */
const downgradeChain: Warning = ({ budgets }) =>
  budgets.flatMap((budget) =>
    variants(budget).flatMap(({ thresholds }) =>
      thresholds.flatMap(({ models = {}, atBasisPoints }) =>
        Object.values(models)
          .filter((model) => Object.hasOwn(models, model))
          .map((model) => ({
            about: { budget: budget.name },
            message: `downgrade at ${formatPercent(atBasisPoints)} leads to "${model}", which is downgraded itself`,
            mend: 'lead to the last model at once: one attempt is rewritten once',
          })),
      ),
    ),
  );

/** The risk that somebody took, perhaps for another cap than this one. */
const expectedMayOvershoot: Warning = ({ budgets }) =>
  budgets.flatMap((budget) => {
    const modes = variants(budget).flatMap(({ holds, thresholds }) => (thresholds.some(stops) ? holds : []));
    const shares = modes.flatMap((mode) => (mode === 'strict' ? [] : mode.expectedBasisPoints));
    if (shares.length === 0) return [];
    const least = Math.min(...shares);
    const message = `the cap may be overshot: "expected" holds too little for 1 call in ${oneIn(least)}`;
    return [{ about: { budget: budget.name }, message, mend: 'use holds: strict where the cap must hold' }];
  });

/** p99 holds too little for one attempt in 100. */
function oneIn(basisPoints: number): string {
  return String(Math.round((10_000 / (10_000 - basisPoints)) * 10) / 10);
}

/** Nothing is held of a budget that stops nothing. */
const holdsWithoutCap: Warning = ({ budgets }) =>
  about(
    budgets,
    (budget) =>
      variants(budget).every(({ thresholds }) => !thresholds.some(stops)) &&
      variants(budget).some(({ holds, clampOutputTokens }) => holds !== 'strict' || Boolean(clampOutputTokens)),
    'holds and clamp_output say nothing: no threshold stops calls',
    'add hard: block, or delete them',
  );

const noBudgets: Warning = ({ budgets, files }) =>
  budgets.length > 0 || files.length === 0
    ? []
    : [{ about: { budget: '' }, message: 'there is no budget: everything is allowed', mend: 'add one under budgets' }];

export const WARNINGS: Readonly<Record<string, Warning>> = {
  'no-budgets': noBudgets,
  'nobody-to-tell': nobodyToTell,
  'nobody-for-the-rest': nobodyForTheRest,
  'no-backup': noBackup,
  'all-environments': allEnvironments,
  'no-way-on': noWayOn,
  'soft-as-cap': softAsCap,
  'no-early-warning': noEarlyWarning,
  'no-expiry': noExpiry,
  'downgrade-chain': downgradeChain,
  'expected-may-overshoot': expectedMayOvershoot,
  'holds-without-cap': holdsWithoutCap,
};

export function warn(config: Config, merged: Merged, report: Report): void {
  for (const [code, warning] of Object.entries(WARNINGS)) {
    for (const { about, message, mend } of warning(config)) {
      report.warn(placeOf(about, merged), { code, message, mend });
    }
  }
}

function placeOf(about: Concern['about'], merged: Merged): Place {
  if ('price' in about) return merged.prices[about.price]?.place ?? merged.root;
  if ('owner' in about) {
    const owner = merged.owners.get(about.owner)?.place;
    return owner ? { ...owner, on: 'key' } : merged.settingPlace('defaults', 'owners', about.owner);
  }
  return merged.budgets.find(({ value }) => value.name === about.budget)?.place ?? merged.root;
}
