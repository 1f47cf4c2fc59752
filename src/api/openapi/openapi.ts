/** The OpenAPI documents of the API, derived from records and resources. Each call builds anew: keep what it returns. */
export { openApiV2Json, openApiV2Protobuf } from './v2.ts';
export { openApiV3, openApiV3Documents, openApiV3Index, openApiV3Keys } from './v3.ts';
export type { OpenApiDocument } from './v3.ts';
