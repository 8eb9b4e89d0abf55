/** Who is reached: an owner is told through its `service` contact, a name in `notify` through that role or owner. */
import type { Config, Contact, Owner } from '../config/config.ts';
import { PLATFORM } from './alerts/alert.ts';
import { AssetError } from './asset.ts';
import { notified } from './terms.ts';

const ROLES = ['service', 'engineering', 'budget', 'platform', 'finance', 'backup'] as const;

/** Takes whatever no route claims, so it must be people: the platform team, else the first owner's backup, else service. */
export function defaultContact(config: Config): Contact {
  const [first] = config.owners.values();
  const contact = config.defaultOwners[PLATFORM] ?? first?.backup ?? first?.service;
  if (contact) return contact;
  throw new AssetError([
    'budgets.yaml: there is nobody to tell; add `owners`, or `defaults: { owners: { platform: … } }`',
  ]);
}

/** The contact for a name in `notify`, for alerts of this owner (absent: of an owner that is not known). */
export function contactFor(config: Config, to: string, owner?: Owner): Contact {
  const role = ROLES.find((each) => each === to);
  const own = role && owner?.[role];
  return own ?? sharedContact(config, to);
}

/** The contact for a name in `notify` where the owner has none of its own. */
function sharedContact(config: Config, to: string): Contact {
  return config.defaultOwners[to] ?? config.owners.get(to)?.service ?? defaultContact(config);
}

/** Every name that alerts carry in `to`. */
export function addressees(config: Config): string[] {
  return [...new Set([PLATFORM, ...config.budgets.flatMap((budget) => notified(budget, () => true))])];
}

export interface ReceiverUse {
  receiver: string;
  /** The first use of it, for messages: `service of owner "support"`. */
  usedBy: string;
}

/** Every receiver that the routes name, each once: the default first, then owner by owner. */
export function receiversInUse(config: Config): ReceiverUse[] {
  const owners = [...config.owners.values()];
  const uses = [
    { receiver: defaultContact(config).receiver, usedBy: 'the default' },
    ...owners.map((owner) => ({ receiver: owner.service.receiver, usedBy: `service of owner "${owner.name}"` })),
    ...addressees(config).flatMap((to) =>
      [undefined, ...owners].map((owner) => ({
        receiver: contactFor(config, to, owner).receiver,
        usedBy: owner ? `${to} of owner "${owner.name}"` : `notify: ${to}`,
      })),
    ),
  ];
  return uses.filter((use, index) => uses.findIndex((each) => each.receiver === use.receiver) === index);
}
