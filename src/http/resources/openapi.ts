import { describeApi } from '../openapi.ts';
import { type Route, route } from '../route.ts';

/** The contract, made from the schemas that validate. Made once, when somebody asks. */
export function openapiRoutes(routes: readonly Route[], version: string): Route[] {
  let document: string | undefined;
  const self: Route = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'anyone',
    doc: { summary: 'This document', replies: { 200: { description: 'OpenAPI 3.1.' } } },
    handle() {
      document ??= JSON.stringify(describeApi([...routes, self], version));
      return { status: 200, text: document };
    },
  });
  return [self];
}
