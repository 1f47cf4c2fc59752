import type { Handler } from '../request.ts';
import { sendPage, WARNING } from './zpages.ts';

/** The flags and their values (component-base `zpages/flagz`). */
export const flagzEndpoint: Handler = ({ exchange, context }) => {
  sendPage(exchange, {
    kind: 'Flagz',
    text: () => `\nkubelet flagz\n${WARNING}\n${lines(context.flags)}`,
    fields: () => ({ flags: context.flags }),
  });
};

function lines(flags: Readonly<Record<string, string>>): string {
  return Object.entries(flags)
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
}
