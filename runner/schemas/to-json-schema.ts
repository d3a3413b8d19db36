// From zod to JSON Schema, and what a JSON Schema knows: which keys may stand where.

import { z } from 'zod';

/** A JSON Schema, as far as this code looks into one. */
export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  [key: string]: unknown;
}

/** Returns the JSON Schema of what a zod schema reads. */
export function toJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-07',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => allowTemplate(jsonSchema),
  });
  // as: zod's type of a JSON Schema has the same keys and more
  return { ...(made as JsonSchema), title };
}

/** Any value may be written as a template, which is text until it is rendered. */
function allowTemplate(schema: z.core.JSONSchema.BaseSchema): void {
  const { type } = schema;
  const isScalar = type === 'boolean' || type === 'integer' || type === 'number';
  const isChoice = type === 'string' && schema.enum !== undefined;
  if (!isScalar && !isChoice) return;
  const own = { ...schema };
  for (const key of Object.keys(schema)) delete schema[key];
  schema.anyOf = [own, { type: 'string', pattern: '\\{\\{' }];
}

/** A key that a schema does not know, and those that it knows at that place. */
export interface UnknownKey {
  readonly path: readonly (string | number)[];
  readonly key: string;
  readonly known: readonly string[];
}

/** Finds every key of a value that its schema does not know; values of a wrong type are not looked into. */
export function findUnknownKeys(
  schema: JsonSchema,
  value: unknown,
  path: readonly (string | number)[] = [],
): readonly UnknownKey[] {
  if (Array.isArray(value)) {
    const items = variants(schema).flatMap(({ items }) => (items === undefined ? [] : [items]));
    return value.flatMap((item, index) =>
      findUnknownKeys({ anyOf: items }, item, [...path, index]),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const maps = variants(schema).filter(({ properties }) => properties !== undefined);
  const isOpen = variants(schema).some(isOpenMap);
  const known = maps.flatMap(({ properties }) => Object.keys(properties ?? {}));
  return Object.entries(value).flatMap(([key, below]) => {
    const schemas = maps.flatMap(({ properties }) => {
      const found = Object.hasOwn(properties ?? {}, key) ? properties?.[key] : undefined;
      return found === undefined ? [] : [found];
    });
    if (schemas.length > 0) return findUnknownKeys({ anyOf: schemas }, below, [...path, key]);
    return isOpen || maps.length === 0 ? [] : [{ path, key, known }];
  });
}

/** The schema itself, or each of those that it lets choose between. */
function variants(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(variants);
}

function isOpenMap({ type, properties, additionalProperties, anyOf }: JsonSchema): boolean {
  const isAnything = type === undefined && properties === undefined && anyOf === undefined;
  const isMap = type === 'object' && additionalProperties !== false;
  return isAnything || isMap;
}
