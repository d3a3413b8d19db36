// Configs that dbt acts on and this version does not: read and kept, and refused where a node with
// one would be built, since what is passed over in silence becomes a wrong table.

import type { Place } from '../../core/errors.ts';
import type { ConfigLayer } from '../project/types.ts';
import type { Config } from './config.ts';
import { placeOfConfig } from './make-design.ts';
import type { Refusal } from './types.ts';

type AnyConfig = Partial<Config<'model'> & Config<'test'>>;

const builtMaterializations: readonly string[] = [
  'view',
  'table',
  'incremental',
  'materialized_view',
];

const quoted = builtMaterializations.map((name) => `\`${name}\``);
const builtList = `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;

/** What is asked for, by the config that asks. */
const asked: Readonly<Record<string, (config: AnyConfig) => boolean>> = {
  quoting: ({ quoting }) => Object.values(quoting ?? {}).includes(false),
};

/** Returns why a model, seed or test with this config cannot be built; nothing where it can. */
export function refusalsOf(
  config: Config<'model'> | Config<'seed'> | Config<'test'>,
  layers: readonly ConfigLayer[],
  path: string,
  isOwnKind = false,
): readonly Refusal[] {
  const placeOf = (key: string): Place => placeOfConfig(layers, path, key);
  const materialized = 'materialized' in config ? config.materialized : 'table';
  const isBuilt = isOwnKind || builtMaterializations.includes(materialized);
  return [
    ...(isBuilt
      ? []
      : [
          {
            message: `there is no materialization \`${materialized}\`: there are ${builtList}, and those that the project defines`,
            where: placeOf('materialized'),
          },
        ]),
    ...Object.entries(asked)
      .filter(([, isAsked]) => isAsked(config))
      .map(([key]) => ({
        message: `config \`${key}\` is not acted on by this version`,
        where: placeOf(key),
      })),
  ];
}
