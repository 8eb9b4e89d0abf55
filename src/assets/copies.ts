/**
 * A name in `notify` gets a copy of the owner's alert, with its own route. Where the name leads to the very receiver that
 * the owner is told through, the copy is left out: nobody is paged twice for one thing.
 */
import type { Config } from '../config/config.ts';
import type { Budget, BudgetInstance, Threshold } from '../domain/budget.ts';
import { BUDGET_LABEL } from '../telemetry/names.ts';
import { contactFor } from './contacts.ts';
import { anyOf, type Matchers } from './promql.ts';
import { notified } from './terms.ts';

export interface Copy {
  to: string;
  /** Leaves out the owners who are told anyway. */
  matchers: Matchers;
}

export function copies(config: Config, budget: Budget, which: (threshold: Threshold) => boolean): Copy[] {
  const owners = possibleOwners(config, budget);
  return notified(budget, which).flatMap((to) => {
    const told = owners.filter((owner) => isToldAnyway(config, to, owner));
    if (told.length === owners.length) return [];
    return [{ to, matchers: told.length > 0 ? { [BUDGET_LABEL.owner]: { notMatching: anyOf(told) } } : {} }];
  });
}

/** Whom these thresholds of an instance tell besides its owner. */
export function copiesOf(config: Config, instance: BudgetInstance, which: (threshold: Threshold) => boolean): string[] {
  const names = new Set(instance.thresholds.filter(which).flatMap((threshold) => threshold.notify));
  return [...names].filter((to) => !isToldAnyway(config, to, instance.owner));
}

function isToldAnyway(config: Config, to: string, ownerName: string): boolean {
  const owner = config.owners.get(ownerName);
  return owner !== undefined && contactFor(config, to, owner).receiver === owner.service.receiver;
}

function possibleOwners(config: Config, budget: Budget): string[] {
  const written = [budget.owner, ...budget.overrides.flatMap(({ terms }) => terms.owner ?? [])];
  return [...new Set(budget.ownerBy ? [...config.owners.keys(), ...written] : written)];
}
