/** The drafts of all files as one: lists one after the other, maps joined, settings said once. */
import { type Place, placeName, type Report } from './finding.ts';
import type { BudgetDraft } from './shape-budget.ts';
import {
  type FileDraft,
  type KeyDraft,
  type OwnerDraft,
  type PriceDraft,
  SETTINGS,
  type TokenDraft,
} from './shape-file.ts';
import type { Draft } from './validate.ts';

/** One entry with where it stands. `broken` fields had a mistake of their own, told already. */
export interface Entry<T> {
  value: T;
  place: Place;
  broken(field: string): boolean;
  /** Nothing was taken out of it. */
  sound: boolean;
}

export type Settings = Partial<Pick<FileDraft, (typeof SETTINGS)[number]>>;

export interface Merged {
  budgets: Entry<BudgetDraft>[];
  attribute: Entry<NonNullable<FileDraft['attribute']>[number]>[];
  tokens: Entry<TokenDraft>[];
  prices: Entry<PriceDraft>[];
  owners: Map<string, Entry<OwnerDraft>>;
  keys: Map<string, Entry<KeyDraft>>;
  settings: Settings;
  /** The top of the first file. */
  root: Place;
  settingPlace(name: keyof Settings, ...path: (string | number)[]): Place;
}

export function merge(drafts: readonly Draft[], report: Report): Merged {
  const settings = mergeSettings(drafts, report);
  return {
    budgets: drafts.flatMap((draft) => listed(draft, 'budgets', draft.value.budgets)),
    attribute: drafts.flatMap((draft) => listed(draft, 'attribute', draft.value.attribute)),
    tokens: drafts.flatMap((draft) => listed(draft, 'tokens', draft.value.tokens)),
    prices: drafts.flatMap((draft) => listed(draft, 'prices', draft.value.prices)),
    owners: mapped(drafts, 'owners', (value) => value.owners, report),
    keys: mapped(drafts, 'keys', (value) => value.keys, report),
    ...settings,
  };
}

function entry<T>(draft: Draft, path: [string, string | number], value: T): Entry<T> {
  return {
    value,
    place: { file: draft.file, path },
    broken: (field) => draft.broken(...path, field),
    sound: draft.sound(...path),
  };
}

function listed<T>(draft: Draft, key: string, values: readonly T[] = []): Entry<T>[] {
  return values.map((value, index) => entry(draft, [key, index], value));
}

function mapped<T>(
  drafts: readonly Draft[],
  key: string,
  of: (value: FileDraft) => Record<string, T> | undefined,
  report: Report,
): Map<string, Entry<T>> {
  const joined = new Map<string, Entry<T>>();
  for (const draft of drafts) {
    for (const [name, value] of Object.entries(of(draft.value) ?? {})) {
      const here = entry(draft, [key, name], value);
      const first = joined.get(name);
      if (first) duplicate(report, { ...here.place, on: 'key' }, `${key.replace(/s$/, '')} "${name}"`, first.place);
      else joined.set(name, here);
    }
  }
  return joined;
}

function mergeSettings(drafts: readonly Draft[], report: Report): Pick<Merged, 'settings' | 'settingPlace' | 'root'> {
  const settings: Settings = {};
  const places = new Map<string, Place>();
  for (const { file, value } of drafts) {
    for (const name of SETTINGS) {
      if (value[name] === undefined) continue;
      const place: Place = { file, path: [name], on: 'key' };
      const first = places.get(name);
      if (first) duplicate(report, place, `"${name}"`, first);
      else places.set(name, place);
      if (!first) Object.assign(settings, { [name]: value[name] });
    }
  }
  const nowhere: Place['file'] = { name: '', locate: () => ({ line: 1, column: 1 }), budgetAt: () => undefined };
  const root: Place = { file: drafts[0]?.file ?? nowhere, path: [] };
  const settingPlace: Merged['settingPlace'] = (name, ...path) => ({
    file: places.get(name)?.file ?? root.file,
    path: [name, ...path],
  });
  return { settings, settingPlace, root };
}

/** Tells of a second entry under one name, with the place of the first. */
export function duplicate(report: Report, place: Place, what: string, first: Place): void {
  const message = `${what} stands already at ${placeName({ ...first, on: 'key' })}`;
  report.error(place, { code: 'duplicate', message, mend: 'rename or delete one of them' });
}

/** Tells of every entry whose name an earlier one has. */
export function unique<T>(entries: readonly Entry<T>[], noun: string, field: keyof T & string, report: Report): void {
  const first = new Map<unknown, Place>();
  for (const { value, place } of entries) {
    const name = value[field];
    const here: Place = { file: place.file, path: [...place.path, field] };
    const earlier = first.get(name);
    if (name === undefined) continue;
    if (earlier) duplicate(report, here, `${noun} "${String(name)}"`, earlier);
    else first.set(name, here);
  }
}
