import type { Refusal } from './enforcer.ts';

export function refuse(status: Refusal['refused']['status'], kind: string, detail: string): Refusal {
  return { refused: { status, kind, detail } };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}

export function unknownSession(id: string): Refusal {
  return refuse(404, 'unknown-session', `no session "${id}"; open it with POST /v1/sessions`);
}
