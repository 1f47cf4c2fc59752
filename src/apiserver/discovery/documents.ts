/** What the server serves, as clients discover it (apiserver `pkg/endpoints/discovery`). Pure functions of the resource table. */
import { createHash } from 'node:crypto';
import type { ResourceDefinition, Subresource } from '../../api/resources.ts';
import { apiVersionOf } from '../gvk.ts';

/** A group with its versions, preferred first, in the order in which it is told. */
export interface ApiGroup {
  readonly name: string;
  readonly versions: readonly string[];
}

/** The named groups of the table; core is none of them. */
export function groupsOf(definitions: readonly ResourceDefinition[]): readonly ApiGroup[] {
  const groups = new Map<string, Set<string>>();
  for (const { group, version } of definitions) {
    if (group === '') continue;
    const versions = groups.get(group) ?? new Set();
    groups.set(group, versions.add(version));
  }
  return [...groups].map(([name, versions]) => ({ name, versions: [...versions].sort().toReversed() }));
}

/** `/api`. */
export function apiVersions(serverAddress: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

/** `/apis`. */
export function apiGroupList(groups: readonly ApiGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupBody) };
}

/** `/apis/GROUP`. */
export function apiGroup(group: ApiGroup): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) };
}

function groupBody({ name, versions }: ApiGroup): object {
  const told = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: told, preferredVersion: told[0] };
}

/** `/api/v1`, `/apis/GROUP/VERSION`. */
export function apiResourceList(group: string, version: string, definitions: readonly ResourceDefinition[]): object {
  const resources = definitions.filter((of) => of.group === group && of.version === version).toSorted(byResource);
  return {
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap(entriesOf),
  };
}

function entriesOf(definition: ResourceDefinition): object[] {
  const subresources = (definition.subresources ?? []).map((sub) => subresourceEntry(definition, sub));
  return [resourceEntry(definition), ...subresources];
}

const byResource = (a: ResourceDefinition, b: ResourceDefinition): number => (a.resource < b.resource ? -1 : 1);

function resourceEntry(definition: ResourceDefinition): object {
  const { resource, singular, namespaced, kind, verbs, short, categories } = definition;
  return {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(short && { shortNames: short }),
    ...(categories && { categories }),
    ...(verbs.includes('update') && { storageVersionHash: storageVersionHash(definition) }),
  };
}

function storageVersionHash({ group, version, kind }: ResourceDefinition): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function subresourceEntry(definition: ResourceDefinition, sub: Subresource): object {
  return {
    name: `${definition.resource}/${sub.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...(sub.group !== undefined && { group: sub.group }),
    ...(sub.version !== undefined && { version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/** The aggregated form of `/api` (core) and `/apis` (the named groups). */
export function aggregatedDiscovery(
  groups: readonly ApiGroup[],
  definitions: readonly ResourceDefinition[],
  version: 'v2' | 'v2beta1',
): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map((of) => ({
        version: of,
        resources: definitions
          .filter((definition) => definition.group === name && definition.version === of)
          .toSorted(byResource)
          .map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(definition: ResourceDefinition): object {
  const { resource, kind, namespaced, singular, verbs, short, categories, subresources } = definition;
  return {
    resource,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(short && { shortNames: short }),
    ...(categories && { categories }),
    ...(subresources && {
      subresources: subresources.map((sub) => ({
        subresource: sub.name,
        responseKind: { group: sub.group ?? '', version: sub.version ?? '', kind: sub.kind },
        verbs: sub.verbs,
      })),
    }),
  };
}
