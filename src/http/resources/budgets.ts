import { z } from 'zod';
import type { BudgetView, Enforcer } from '../../enforce/enforcer.ts';
import { pageOf } from '../paging.ts';
import { presentBudget } from '../present.ts';
import { problem } from '../problem.ts';
import { pageShape } from '../query.ts';
import { budgetsReplySchema } from '../replies.ts';
import { type Reply, type Route, route } from '../route.ts';

const query = z.strictObject(pageShape);

/** Every instance of every budget, and where it stands. */
export function budgetRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/budgets',
      access: ['operator', 'finance'],
      query,
      doc: {
        summary: 'List the budgets and where they stand',
        replies: { 200: { description: "In the config's order.", schema: budgetsReplySchema } },
      },
      handle: async (call) => pageOfViews(await enforcer.budgets(), call.query),
    }),
    route({
      method: 'GET',
      path: '/v1/budgets/:id',
      access: ['operator', 'finance'],
      query,
      doc: {
        summary: 'One budget by its name, with all its instances',
        replies: { 200: { description: 'Its instances.', schema: budgetsReplySchema } },
      },
      async handle(call) {
        if (!enforcer.config().budgets.some((budget) => budget.name === call.id)) {
          return problem(404, 'not-found', `there is no budget "${call.id}"`);
        }
        const views = await enforcer.budgets();
        return pageOfViews(
          views.filter((view) => view.instance.budget.name === call.id),
          call.query,
        );
      },
    }),
  ];
}

function pageOfViews(views: readonly BudgetView[], page: z.infer<typeof query>): Reply {
  const found = pageOf(views, (view) => view.instance.key, page);
  if ('problem' in found) return found.problem;
  return { status: 200, body: { ...found, items: found.items.map(presentBudget) } };
}
