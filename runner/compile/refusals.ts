// What a config asks for and nothing here builds: kept, and refused where the node would be built.

import type { ConfigLayer } from '../project/types.ts';
import type { Config } from './config.ts';
import { placeOfConfig } from './make-design.ts';
import type { Refusal } from './types.ts';

const builtMaterializations: readonly string[] = [
  'view',
  'table',
  'incremental',
  'materialized_view',
  'ephemeral',
];

const quoted = builtMaterializations.map((name) => `\`${name}\``);
const builtList = `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;

/** Returns why a model, seed or test with this config cannot be built; nothing where it can. */
export function refusalsOf(
  config: Config<'model'> | Config<'seed'> | Config<'snapshot'> | Config<'test'>,
  layers: readonly ConfigLayer[],
  path: string,
  isOwnKind = false,
): readonly Refusal[] {
  const materialized = 'materialized' in config ? config.materialized : 'table';
  if (isOwnKind || builtMaterializations.includes(materialized)) return [];
  const message = `there is no materialization \`${materialized}\`: there are ${builtList}, and those that the project defines`;
  return [{ message, where: placeOfConfig(layers, path, 'materialized') }];
}
