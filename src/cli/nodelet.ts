#!/usr/bin/env node
/** The `nodelet` command: finds the verb, loads it, turns errors into one line. */
import { errorText } from '../util/log.ts';
import { UsageError } from '../util/flags.ts';
import { UserError } from './user-error.ts';
import { verbs } from './verbs.ts';

const USAGE = `nodelet: a kubelet for Node.js, and a one-node API server beside it.

Usage: nodelet VERB [flags]

${verbs.map((verb) => `  ${verb.name.padEnd(12)}${verb.summary}`).join('\n')}

\`nodelet VERB --help\` says what a verb takes.
First steps: \`nodelet up\`, then in another terminal \`export KUBECONFIG=~/.nodelet/kubeconfig; kubectl get nodes\`.
`;

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const topic = name === 'help' ? verbs.find((verb) => verb.name === rest[0]) : undefined;
    process.stdout.write(topic === undefined ? USAGE : (await topic.load()).help());
    return 0;
  }
  const verb =
    verbs.find((candidate) => candidate.name === name) ?? (name === '--version' ? verbs.find((v) => v.name === 'version') : undefined);
  if (verb === undefined) throw new UsageError(`there is no verb ${JSON.stringify(name)}; \`nodelet help\` lists them`);
  const module = await verb.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(module.help());
    return 0;
  }
  return module.run(rest);
}

const LONG_MS = 2 ** 31 - 1;

/** Timers and watches of the parts do not keep the process alive: without this one, a verb that waits for them alone would end unfinished, with code 0. */
setInterval(() => undefined, LONG_MS);
try {
  // A verb that is done has closed what matters; a terminal or socket that lingers must not keep the program up.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const expected = error instanceof UserError || error instanceof UsageError;
  process.stderr.write(`nodelet: ${expected || !(error instanceof Error) ? errorText(error) : (error.stack ?? error.message)}\n`);
  process.exit(1);
}
