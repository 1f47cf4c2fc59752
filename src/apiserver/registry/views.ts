/** How a resource sees what is stored: most see it as it is, some share one bucket in two versions. */
import { apiVersionOf } from '../gvk.ts';
import { resourceDefinitions, resources, type ResourceDefinition } from '../../api/resources.ts';
import { qualifiedResource } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import { headOf, type Entry, type StoredObject } from '../store/entry.ts';
import { autoscalerFromStored, autoscalerToStored } from './convert-autoscalers.ts';
import { eventFromCore, eventToCore } from './convert-events.ts';

/** A resource over the store. */
export interface View {
  readonly definition: ResourceDefinition;
  readonly bucket: string;
  /** The definition under which objects are stored. */
  readonly storage: ResourceDefinition;
  /** `{"kind":"Pod","apiVersion":"v1",`. */
  readonly head: string;
  /** The object as this resource shows it. */
  readonly object: (entry: Entry) => StoredObject;
  /** Its JSON without kind and apiVersion. */
  readonly json: (entry: Entry) => string;
  /** The object as it is stored. */
  readonly toStored: (object: KubeObject) => KubeObject;
}

interface Conversion {
  readonly storage: ResourceDefinition;
  readonly fromStored: (object: KubeObject) => KubeObject;
  readonly toStored: (object: KubeObject) => KubeObject;
}

const CONVERSIONS: ReadonlyMap<ResourceDefinition, Conversion> = new Map<ResourceDefinition, Conversion>([
  [resources['events.events.k8s.io'], { storage: resources.events, fromStored: eventFromCore, toStored: eventToCore }],
  [
    resources['horizontalpodautoscalers.v1.autoscaling'],
    { storage: resources['horizontalpodautoscalers.autoscaling'], fromStored: autoscalerFromStored, toStored: autoscalerToStored },
  ],
]);

/** The views of all resources. Each remembers what it converted as long as the entry lives. */
export function createViews(): ReadonlyMap<ResourceDefinition, View> {
  return new Map(resourceDefinitions.map((definition) => [definition, createView(definition)]));
}

function createView(definition: ResourceDefinition): View {
  const head = headOf(definition.kind, apiVersionOf(definition));
  const conversion = CONVERSIONS.get(definition);
  if (!conversion) {
    return {
      definition,
      bucket: qualifiedResource(definition),
      storage: definition,
      head,
      object: (entry) => entry.object,
      json: (entry) => entry.json,
      toStored: (object) => object,
    };
  }
  const converted = new WeakMap<Entry, StoredObject>();
  const object = (entry: Entry): StoredObject => {
    let made = converted.get(entry);
    if (!made) converted.set(entry, (made = conversion.fromStored(entry.object) as StoredObject));
    return made;
  };
  return {
    definition,
    bucket: qualifiedResource(conversion.storage),
    storage: conversion.storage,
    head,
    object,
    json: (entry) => {
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = object(entry);
      return JSON.stringify(rest);
    },
    toStored: conversion.toStored,
  };
}
