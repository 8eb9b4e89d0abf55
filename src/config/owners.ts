/** Owners and the names under which they are told. */
import type { Contact, Owner } from './config.ts';
import type { Place, Report } from './finding.ts';
import type { Entry, Merged } from './merge.ts';
import { suggest } from './nearest.ts';
import { CONTACT_ROLES, type ContactDraft, type ContactRole, type OwnerDraft } from './shape-file.ts';

export interface Owners {
  byName: ReadonlyMap<string, Owner>;
  defaults: Readonly<Record<string, Contact>>;
}

type Drafts = ReadonlyMap<string, Entry<OwnerDraft>>;

/**
 * Every owner with its contacts. A role under `defaults.owners` is an owner too, so that a budget may belong to
 * `platform` without an entry of its own.
 */
export function buildOwners(merged: Merged): Owners {
  const defaults: Record<string, Contact> = {};
  const byName = new Map<string, Owner>();
  const timezone = merged.settings.defaults?.timezone ?? 'UTC';
  for (const [role, contact] of Object.entries(merged.settings.defaults?.owners ?? {})) {
    defaults[role] = resolve(contact, merged.owners);
  }
  for (const [name, { value }] of merged.owners) byName.set(name, buildOwner(name, value, merged.owners, timezone));
  for (const [name, service] of Object.entries(defaults)) {
    if (!byName.has(name)) byName.set(name, { name, service, approvers: [], timezone });
  }
  return { byName, defaults };
}

function buildOwner(name: string, draft: OwnerDraft, drafts: Drafts, timezone: string): Owner {
  const owner: Owner = {
    name,
    service: draft.service === undefined ? named(name) : resolve(draft.service, drafts, name),
    approvers: (draft.approvers ?? []).map(({ id, limit }) => ({ id, limitNanoUsd: limit })),
    timezone: draft.timezone ?? timezone,
  };
  for (const role of CONTACT_ROLES) {
    const contact = draft[role];
    if (role !== 'service' && contact !== undefined) owner[role] = resolve(contact, drafts, name);
  }
  if (draft.acknowledge_within !== undefined) owner.acknowledgeWithin = draft.acknowledge_within;
  return owner;
}

/** A name is another owner's service contact where there is such an owner, and else its own receiver. */
function resolve(contact: ContactDraft, drafts: Drafts, self?: string): Contact {
  if (typeof contact !== 'string') return { id: contact.id, receiver: contact.receiver ?? contact.id };
  const service = contact === self ? undefined : drafts.get(contact)?.value.service;
  if (service === undefined || typeof service === 'string') return named(service ?? contact);
  return { id: service.id, receiver: service.receiver ?? service.id };
}

function named(name: string): Contact {
  return { id: name, receiver: name };
}

/** Tells of an owner that nobody declared. */
export function checkOwner(name: string, owners: Owners, place: Place, report: Report): void {
  if (owners.byName.has(name)) return;
  const mend = suggest(name, [...owners.byName.keys()], `add ${name} under owners`);
  report.error(place, { code: 'unknown-owner', message: `unknown owner "${name}"`, mend });
}

/**
 * Tells of somebody to notify who cannot be found: neither an owner, nor a role of the budget's owner, nor a default
 * role. `owner` is undefined where it depends on the attempt (`owner_by`); then any owner with the role will do.
 */
export function checkNotify(
  name: string,
  owner: string | undefined,
  owners: Owners,
  place: Place,
  report: Report,
): void {
  if (owners.byName.has(name)) return;
  if (!isRole(name)) {
    const known = [...new Set([...owners.byName.keys(), ...CONTACT_ROLES])];
    const mend = suggest(name, known, `add ${name} under owners`);
    report.error(place, { code: 'unknown-owner', message: `unknown owner or role "${name}" to notify`, mend });
    return;
  }
  const asked = owner === undefined ? [...owners.byName.values()] : [owners.byName.get(owner)];
  if (asked.some((candidate) => candidate === undefined || candidate[name] !== undefined)) return;
  const whom = owner === undefined ? 'no owner' : `owner "${owner}"`;
  const message = `${whom} has no contact in the role "${name}" to notify`;
  report.error(place, { code: 'unknown-owner', message, mend: `add ${name} to the owner or to defaults.owners` });
}

function isRole(name: string): name is ContactRole {
  return (CONTACT_ROLES as readonly string[]).includes(name);
}
