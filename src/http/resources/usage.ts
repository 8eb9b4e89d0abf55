import { z } from 'zod';
import type { EpochMs } from '../../domain/time.ts';
import type { Enforcer } from '../../enforce/enforcer.ts';
import type { UsageRow } from '../../ledger/ledger.ts';
import { pageOf } from '../paging.ts';
import { instant, presentUsageRow } from '../present.ts';
import { problem } from '../problem.ts';
import { dimensionsQuery, instantQuery, pageShape } from '../query.ts';
import { usageReplySchema } from '../replies.ts';
import { type Route, route } from '../route.ts';

const query = z.strictObject({
  group_by: dimensionsQuery.optional(),
  from: instantQuery.optional(),
  to: instantQuery.optional(),
  ...pageShape,
});

/** Spend by any attribution. */
export function usageRoutes(enforcer: Enforcer, clock: () => EpochMs): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/usage',
      access: ['operator', 'finance'],
      query,
      doc: {
        summary: 'Spend and tokens, grouped by dimensions',
        description: 'Of attempts admitted in the half-open period [from, to); the current UTC month where not said.',
        replies: { 200: { description: 'A row for each combination.', schema: usageReplySchema } },
      },
      async handle(call) {
        const month = utcMonth(clock());
        const { from = month.from, to = month.to, group_by: groupBy = [] } = call.query;
        if (from >= to) return emptyPeriod(from, to);
        const rows = await enforcer.usage({ from, to, groupBy });
        const page = pageOf(rows, keyOfRow, call.query);
        if ('problem' in page) return page.problem;
        const items = page.items.map(presentUsageRow);
        return { status: 200, body: { from: instant(from), to: instant(to), ...page, items } };
      },
    }),
  ];
}

function utcMonth(now: EpochMs): { from: EpochMs; to: EpochMs } {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}

function emptyPeriod(from: EpochMs, to: EpochMs) {
  const detail = `must be after from (${instant(from)}), and ${instant(to)} is not`;
  return problem(422, 'invalid-request', `to: ${detail}`, { extra: { errors: [{ parameter: 'to', detail }] } });
}

/** Rows of one query group by the same dimensions, so the values in a fixed order name a row. */
function keyOfRow(row: UsageRow): string {
  return JSON.stringify(Object.entries(row.group).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
