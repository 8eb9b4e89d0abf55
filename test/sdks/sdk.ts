/** What is tested of an SDK: its packages, how each is loaded, and what the server has to hear in every case. */

/** How an application gets hold of the package; `bundle`: it is part of one ESM file. */
export type Load = 'import' | 'require' | 'bundle';

/** Case → its settlements, in order. */
export type Cases = Readonly<Record<string, readonly string[]>>;

export interface SdkPackage {
  /** As in package.json's devDependencies: an older one has an alias. */
  name: string;
  loads: readonly Load[];
  /** What the application loads besides, by what it asks for: package. */
  others?: Readonly<Record<string, string>>;
  /** A module that the application loads before it. */
  before?: string;
  /** Its requests are caught at fetch, however it is loaded. */
  atFetch?: true;
  /** Cases that end otherwise when it is loaded so; undefined: that do not exist. */
  except?: Partial<Record<Load, Record<string, readonly string[] | undefined>>>;
}

export interface Sdk {
  name: string;
  /** `apps/<app>.mjs` has the cases. */
  app: string;
  /** What the server hears: the provider is known also where its host is not. */
  providers: readonly string[];
  /** Newest first. */
  packages: readonly SdkPackage[];
  /** Subpaths that the application loads, for a bundle. */
  subpaths?: readonly string[];
  /** For a bundle: what is not to be part of it. */
  external?: readonly string[];
  cases: Cases;
  /** A case that is denied and downgraded as well. */
  acting?: Acting;
  /** Retries of the SDK are attempts of one call, where they are caught in its own code. */
  retriesAreOneCall?: true;
  /** Cases whose reservation nobody settles while the process lives. */
  left?: readonly string[];
  /** What the SDK itself says on stderr. */
  says?: RegExp;
}

export interface Acting {
  case: string;
  /** What the application catches: ours as it is, or the SDK's own error where the request is caught at fetch. */
  denied: (atFetch: boolean) => Record<string, unknown>;
  /** The model to be sent in place of the one that was asked for. */
  model: string;
  /** Reads the limit of output from the request that was sent. */
  limit: (body: Record<string, unknown>) => unknown;
}

/** The provider counts 40 tokens in, 12 out. */
export const OK = 'settled ok 40/12';
export const EMBEDDED = 'settled ok 40/0';
export const BROKEN = 'settled aborted, estimated';
export const CUT = 'settled error, estimated';
export const REJECTED = 'released rejected 0/0';
export const LOST = 'lost';
export const UNSENT = 'released aborted 0/0';

/** For SDKs whose core lets our error pass. */
export function deniedInCore(atFetch: boolean): Record<string, unknown> {
  const ours = { class: 'BudgetExceededError', name: 'BudgetExceededError', status: 402, code: 'exhausted' };
  return atFetch ? { status: 402, message: /the month is spent/ } : ours;
}
export const maxTokens = (body: Record<string, unknown>): unknown => body.max_tokens;
