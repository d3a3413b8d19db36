// Names in YAML that mean something of the project: a slip in one is told, not passed over.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import type { ParsedProject } from './types.ts';

type Nodes = Pick<
  ParsedProject,
  | 'models'
  | 'seeds'
  | 'snapshots'
  | 'sources'
  | 'exposures'
  | 'unitTests'
  | 'groups'
  | 'semantic'
  | 'genericTests'
>;

/** Finds what unit tests, exposures and `group` name and is not there. */
export function checkReferences(project: Nodes): readonly UserError[] {
  const models = project.models.map(({ name }) => name);
  const isModel = new Set(models);
  const refs = [...models, ...[...project.seeds, ...project.snapshots].map(({ name }) => name)];
  const known: Readonly<Record<string, readonly string[]>> = {
    ref: refs,
    source: project.sources.map(({ sourceName, name }) => `${sourceName}.${name}`),
    metric: project.semantic.filter(({ kind }) => kind === 'metric').map(({ name }) => name),
  };
  return [
    ...project.unitTests.flatMap(({ model, place }) =>
      isModel.has(model) ? [] : [missing(`there is no model \`${model}\``, model, models, place)],
    ),
    ...project.exposures.flatMap(({ dependsOn }) =>
      dependsOn.flatMap(({ call, place }) => callFaults(call, known, place)),
    ),
    ...groupFaults(project),
  ];
}

const written = "write ref('model'), source('source', 'table') or metric('name')";

function callFaults(
  call: string,
  known: Readonly<Record<string, readonly string[]>>,
  place: Place,
): UserError[] {
  const [, what = '', inside = ''] = /^\s*(ref|source|metric)\s*\((.*)\)\s*$/s.exec(call) ?? [];
  const names = [...inside.matchAll(/(?:^|,)\s*(['"])(.*?)\1\s*(?=,|$)/g)].map((it) => it[2] ?? '');
  if (what === '' || names.length === 0) {
    return [new UserError(`\`${call}\` names no node`, { where: place, hint: written })];
  }
  // `ref` may name a package first; a version after it is looked for where it is read.
  const name = what === 'source' ? names.join('.') : (names.at(-1) ?? '');
  const all = known[what] ?? [];
  if (all.includes(name)) return [];
  return [
    missing(`there is no ${what === 'ref' ? 'model or seed' : what} \`${name}\``, name, all, place),
  ];
}

/** Groups of a `group` config that is written in YAML. */
function groupFaults({ models, seeds, snapshots, groups }: Nodes): UserError[] {
  const known = groups.map(({ name }) => name);
  return [...models, ...seeds, ...snapshots].flatMap(({ layers }) =>
    layers.flatMap(({ values, placeOf }) => {
      const { group } = values;
      if (typeof group !== 'string' || known.includes(group)) return [];
      return [missing(`there is no group \`${group}\``, group, known, placeOf('group'))];
    }),
  );
}

function missing(message: string, name: string, known: readonly string[], where: Place): UserError {
  const nearest = nearestName(name, known);
  return new UserError(message, {
    where,
    hint:
      nearest === undefined ? 'add it, or remove what names it' : `did you mean \`${nearest}\`?`,
  });
}
