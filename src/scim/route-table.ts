import type { ScimHandler, ScimRoute } from './http/scim-call.js';
import { methodNotAllowed, unknownEndpoint } from './protocol/errors.js';

/** Finds the handler of a path below the base URL, the template that the path is of, and the id that it ends in, if any. */
export type FindHandler = (path: string, method: string) => { handler: ScimHandler; template: string; id: string };

/** @returns a function that throws ScimError 404 for an unknown path, 405 for a verb that a known one does not take */
export function routeTable(routes: readonly ScimRoute[]): FindHandler {
  const table = new Map(routes.map((route) => [route.path, route]));
  return (path, method) => {
    const end = path.lastIndexOf('/');
    const route = table.get(path) ?? (end > 0 ? table.get(`${path.slice(0, end)}/:id`) : undefined);
    const id = decoded(path.slice(end + 1));
    if (route === undefined || id === '') throw unknownEndpoint();
    const { handlers } = route;
    const verb = method === 'HEAD' ? 'GET' : method;
    const handler = Object.hasOwn(handlers, verb) ? handlers[verb as keyof typeof handlers] : undefined;
    if (handler === undefined) throw methodNotAllowed(Object.keys(handlers));
    return { handler, template: route.path, id: route.path.endsWith('/:id') ? id : '' };
  };
}

/** A segment as its client meant it; what is not well encoded stays as it is, and is nobody's id. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
