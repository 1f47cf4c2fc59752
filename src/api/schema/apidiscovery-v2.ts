import type { TypeTable } from './record.ts';

/** The types of package apidiscovery/v2. */
export const apidiscoveryV2 = {
  'apidiscovery/v2.APIGroupDiscovery': {
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      versions: { type: 'apidiscovery/v2.APIVersionDiscovery', tag: 2, list: 'plain' },
    },
  },
  'apidiscovery/v2.APIResourceDiscovery': {
    fields: {
      resource: { type: 'string', tag: 1, written: true },
      responseKind: { type: 'meta/v1.GroupVersionKind', tag: 2 },
      scope: { type: 'string', tag: 3, written: true, go: 'v2.ResourceScope' },
      singularResource: { type: 'string', tag: 4, written: true },
      verbs: { type: 'string', tag: 5, list: 'plain', written: true },
      shortNames: { type: 'string', tag: 6, list: 'plain' },
      categories: { type: 'string', tag: 7, list: 'plain' },
      subresources: { type: 'apidiscovery/v2.APISubresourceDiscovery', tag: 8, list: 'plain' },
    },
  },
  'apidiscovery/v2.APISubresourceDiscovery': {
    fields: {
      subresource: { type: 'string', tag: 1, written: true },
      responseKind: { type: 'meta/v1.GroupVersionKind', tag: 2 },
      acceptedTypes: { type: 'meta/v1.GroupVersionKind', tag: 3, list: 'plain' },
      verbs: { type: 'string', tag: 4, list: 'plain', written: true },
    },
  },
  'apidiscovery/v2.APIVersionDiscovery': {
    fields: {
      version: { type: 'string', tag: 1, written: true },
      resources: { type: 'apidiscovery/v2.APIResourceDiscovery', tag: 2, list: 'plain' },
      freshness: { type: 'string', tag: 3, go: 'v2.DiscoveryFreshness' },
    },
  },
} as const satisfies TypeTable;
