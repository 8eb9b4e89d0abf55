import type { Refusal } from './enforcer.ts';

export function refuse(status: Refusal['refused']['status'], kind: string, detail: string): Refusal {
  return { refused: { status, kind, detail } };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
