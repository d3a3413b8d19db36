// The JSON Schemas of a project's YAML files, for completion and checks in editors.

import { profilesFileSchema } from '../../core/profiles.ts';
import { configAliases, configSchemas } from './configs.ts';
import { dependenciesFileSchema, packagesFileSchema } from './packages.ts';
import { configTreeKeys, projectFileSchema, varsFileSchema } from './project.ts';
import { propertyFileSchema } from './properties.ts';
import { selectorsFileSchema } from './selectors.ts';
import { type JsonSchema, toJsonSchema } from './to-json-schema.ts';

/** Returns the JSON Schemas by the name of the file that each is for, without its ending. */
export function jsonSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    dbt_project: withConfigTrees(toJsonSchema(projectFileSchema, 'dbt_project.yml')),
    properties: toJsonSchema(propertyFileSchema, 'A property file'),
    profiles: toJsonSchema(profilesFileSchema, 'profiles.yml'),
    packages: toJsonSchema(packagesFileSchema, 'packages.yml'),
    dependencies: toJsonSchema(dependenciesFileSchema, 'dependencies.yml'),
    selectors: toJsonSchema(selectorsFileSchema, 'selectors.yml'),
    vars: toJsonSchema(varsFileSchema, 'vars.yml'),
  };
}

/** In a tree of configs a key with `+` is a config, and any other is a folder with the same inside. */
function withConfigTrees(project: JsonSchema): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const properties = { ...project.properties };
  for (const [key, kind] of Object.entries(configTreeKeys)) {
    const configs = toJsonSchema(configSchemas[kind], key).properties ?? {};
    const written = Object.entries(configs).flatMap(([config, schema]) => [
      [`+${config}`, schema] as const,
      ...Object.entries(configAliases).flatMap(([alias, meant]) =>
        meant === config && alias.endsWith('hook') ? [[`+${alias}`, schema] as const] : [],
      ),
    ]);
    definitions[key] = {
      type: ['object', 'null'],
      properties: Object.fromEntries(written),
      patternProperties: { '^[^+]': { anyOf: [{ $ref: `#/definitions/${key}` }, {}] } },
    };
    properties[key] = { $ref: `#/definitions/${key}` };
  }
  return { ...project, properties, definitions };
}
