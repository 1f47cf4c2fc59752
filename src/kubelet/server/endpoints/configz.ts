import { sendJson } from '../../../net/respond.ts';
import { configzForm, type KubeletConfiguration } from '../../config.ts';
import { goJson } from '../go-json.ts';
import type { Handler } from '../request.ts';

/** Configurations do not change while they are in effect: each is encoded once. */
const encoded = new WeakMap<KubeletConfiguration, string>();

/** The configuration in effect: file, flags and defaults (component-base `configz`). */
export const configzEndpoint: Handler = ({ exchange, context: { config } }) => {
  const text = encoded.get(config) ?? goJson({ kubeletconfig: configzForm(config) });
  encoded.set(config, text);
  sendJson(exchange, 200, text, { 'X-Content-Type-Options': 'nosniff' });
};
