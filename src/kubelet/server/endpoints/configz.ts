import { sendJson } from '../../../net/respond.ts';
import { configzForm } from '../../config.ts';
import { goJson } from '../go-json.ts';
import type { Handler } from '../request.ts';

/** The configuration in effect: file, flags and defaults (component-base `configz`). */
export const configzEndpoint: Handler = ({ exchange, context }) => {
  sendJson(exchange, 200, goJson({ kubeletconfig: configzForm(context.config) }), { 'X-Content-Type-Options': 'nosniff' });
};
