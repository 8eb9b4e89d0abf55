/** The config as the rest of the server sees it: checked, with defaults filled in and every money amount exact. */
import type { Attribution, Dimension, Match } from '../domain/attribution.ts';
import type { Budget } from '../domain/budget.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';

/** A person or a rota. `receiver` is the Alertmanager receiver that reaches it. */
export interface Contact {
  id: string;
  receiver: string;
}

export interface Owner {
  name: string;
  /** Roles: `service` is who is paged first; `backup` who is paged when nobody answers. */
  service: Contact;
  engineering?: Contact;
  budget?: Contact;
  platform?: Contact;
  finance?: Contact;
  backup?: Contact;
  approvers: readonly { id: string; limitNanoUsd: NanoUsd }[];
  timezone: string;
  /** As written (`1 business day`, `4h`): shown, and read by the escalation clock. */
  acknowledgeWithin?: string;
}

export interface KeyEntry {
  /** `fp:…`, as `spendfuse fingerprint` prints it. */
  fingerprint: string;
  alias: string;
  owner?: string;
  /** Basis points. */
  expectedShareBasisPoints?: number;
}

export const ROLES = ['client', 'metrics', 'operator', 'finance', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface TokenEntry {
  name: string;
  role: Role;
  secret: { env: string } | { file: string };
  /** Dimensions that override what the body says. */
  pins: Attribution;
  /** Dimensions that the body may say. Absent: all. */
  mayAssert?: readonly Dimension[];
  /** Largest share of an instance's headroom that this token's sessions may hold together; basis points. */
  maxShareBasisPoints?: number;
}

/** A negotiated price; the first that matches wins over the public catalogue. */
export interface ContractPrice {
  provider: string;
  /** Model pattern. */
  model: string;
  from?: EpochMs;
  until?: EpochMs;
  /** Price key of the catalogue (`input_mtok`, `output_mtok`, …) → nano-USD per million units. */
  nanoUsdPerMillion: Readonly<Record<string, bigint>>;
}

export interface PriceCeiling {
  inputNanoUsdPerMillion: bigint;
  outputNanoUsdPerMillion: bigint;
  /** Output tokens assumed for a request that sets no maximum on a model whose maximum is not known. */
  maxOutputTokens: number;
}

export interface Config {
  /** Digest of all files' content: the revision. */
  hash: string;
  files: readonly string[];
  attribute: readonly { match: Match; set: Attribution }[];
  keys: readonly KeyEntry[];
  approvedRoutes: readonly string[];
  owners: ReadonlyMap<string, Owner>;
  /** Owner roles that `notify` may name everywhere: `finance`, `platform`. */
  defaultOwners: Readonly<Record<string, Contact>>;
  budgets: readonly Budget[];
  tokens: readonly TokenEntry[];
  unmatched: 'allow' | 'deny';
  /** Sessions may admit attempts from slices of their own. `false`: every attempt is reserved at the server. */
  leases: boolean;
  prices: readonly ContractPrice[];
  ceiling: PriceCeiling;
  maxWaitMs: DurationMs;
  maxCallDurationMs: DurationMs;
  unreachableAllowanceNanoUsd: NanoUsd;
  metrics: { labels: readonly Dimension[]; topInstances: number };
}
