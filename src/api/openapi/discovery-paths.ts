/** OpenAPI of what is no resource: discovery, the version, the token issuer's documents. */
import type { ResourceDefinition } from '../resources.ts';

/** One GET that answers JSON. */
export interface PlainPath {
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly description: string;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const FIXED: readonly (PlainPath & { readonly key: string })[] = [
  {
    key: '.well-known/openid-configuration',
    path: '/.well-known/openid-configuration/',
    operationId: 'getServiceAccountIssuerOpenIDConfiguration',
    tag: 'WellKnown',
    description: 'Where the keys of ServiceAccount tokens are, for those who check them elsewhere.',
  },
  {
    key: 'api',
    path: '/api/',
    operationId: 'getCoreAPIVersions',
    tag: 'core',
    description: 'The versions of the core group.',
  },
  { key: 'apis', path: '/apis/', operationId: 'getAPIVersions', tag: 'apis', description: 'The groups with their versions.' },
  {
    key: 'openid/v1/jwks',
    path: '/openid/v1/jwks/',
    operationId: 'getServiceAccountIssuerOpenIDKeyset',
    tag: 'openid',
    description: 'The public keys of ServiceAccount tokens.',
  },
  { key: 'version', path: '/version/', operationId: 'getCodeVersion', tag: 'version', description: 'The version of the server.' },
];

/** The paths by the key of their v3 document: `version`, `apis/apps`. */
export function plainPaths(served: readonly ResourceDefinition[]): ReadonlyMap<string, PlainPath> {
  const groups = [...new Set(served.map(({ group }) => group))].filter((group) => group !== '');
  const ofGroup = (group: string): [string, PlainPath] => {
    const name = capital((group.split('.')[0] ?? '').replaceAll('-', ''));
    const description = 'The versions of the group.';
    return [`apis/${group}`, { path: `/apis/${group}/`, operationId: `get${name}APIGroup`, tag: group, description }];
  };
  return new Map([...FIXED.map(({ key, ...path }): [string, PlainPath] => [key, path]), ...groups.map(ofGroup)]);
}
