import { sendJson } from '../../../net/respond.ts';
import { openApiDocument } from '../describe/openapi.ts';
import { isServed } from '../mux.ts';
import type { Handler } from '../request.ts';

/** `GET /openapi/v3`: what this server serves under its present configuration. */
export const openApiEndpoint: Handler = ({ exchange, context }) => {
  const { config, features } = context;
  const routing = { ...config, ...features };
  sendJson(
    exchange,
    200,
    openApiDocument(context.routes, `v${context.version}`, (route) => isServed(route, 'secure', routing)),
  );
};
