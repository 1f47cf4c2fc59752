/** `docs/KUBELET-API.md`, made from the route table: run `npm run docs` after a change to it. */
import { FEATURE_GATES, LOCKED_GATES } from '../feature-gates.ts';
import type { Route } from '../route.ts';
import { settingName } from './openapi.ts';
import { describedPaths, type DescribedPath } from './operations.ts';

const PORTS: Readonly<Record<string, string>> = { secure: '10250', readonly: '10255', healthz: '10248' };

const INTRODUCTION = `# The kubelet's HTTP API

Made from the route table by \`npm run docs\`; a test fails when it is out of date. With \`--kubelet-api-extensions\` the same is
served as OpenAPI under \`/openapi/v3\`.

Port 10250 is the secure server (TLS, every request authenticated and authorized), 10255 the read-only one (plain, off unless
\`readOnlyPort\` is set), 10248 the health check (plain, on 127.0.0.1). Paths that stand in no table are answered 404 before
anybody is asked who they are.

*Asks for* names subresources of \`nodes\`: a user needs one of them, with the verb of the method (GET is \`get\`, POST \`create\`,
PUT \`update\`, PATCH \`patch\`, DELETE \`delete\`; every other method has an empty verb, which only \`*\` grants). A ClusterRole
for \`GET /pods\`:

\`\`\`yaml
rules:
  - apiGroups: ['']
    resources: [nodes/pods]
    verbs: [get]
\`\`\`
`;

/** The page's text. */
export function apiPage(routes: readonly Route[]): string {
  const paths = describedPaths(routes);
  const beyond = (path: DescribedPath): boolean => path.settings.some((s) => s === 'legacyEndpoints' || s === 'apiExtensions');
  return [
    INTRODUCTION,
    '## Routes\n',
    routeTable(paths.filter((path) => !beyond(path))),
    '## Retired endpoints and extensions\n',
    'Off by default: the path is then unknown, as in the original of this version.\n',
    routeTable(paths.filter(beyond)),
    '## Query parameters\n',
    ...paths.filter((path) => Object.keys(path.query).length > 0).map(parameterTable),
    '## Feature gates\n',
    'Gates that change what nodelet does. Others are accepted, named once in the log, and have no effect.\n',
    table(
      ['Gate', 'Default'],
      Object.entries(FEATURE_GATES).map(([name, on]) => [code(name), `${on ? 'on' : 'off'}${LOCKED_GATES.has(name) ? ', locked' : ''}`]),
    ),
  ].join('\n');
}

function routeTable(paths: readonly DescribedPath[]): string {
  return table(
    ['Path', 'Methods', 'Ports', 'Asks for', 'Needs', 'What it is'],
    paths.map((path) => [
      code(path.path),
      path.methods.join(', '),
      path.servers.map((server) => PORTS[server] ?? server).join(', '),
      path.subresources.map((name) => code(`nodes/${name}`)).join(' or '),
      path.settings.map((setting) => code(settingName(setting))).join(', '),
      path.doc,
    ]),
  );
}

function parameterTable(path: DescribedPath): string {
  const rows = Object.entries(path.query).map(([name, { type, doc, only }]) => [
    code(name),
    type === 'strings' ? 'string, repeatable' : type,
    only === undefined ? doc : `${doc} Needs ${code(settingName(only))}.`,
  ]);
  return `### ${code(path.path)}\n\n${table(['Parameter', 'Type', 'What it does'], rows)}`;
}

const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`;
}
