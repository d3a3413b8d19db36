// A node's config from its layers: project folders, YAML, the file itself; typed and checked.

import type { z } from 'zod';
import { nearestName, type Place, UserError } from '../../core/errors.ts';
import { isMapValue } from '../../core/yaml.ts';
import type { ConfigLayer } from '../project/types.ts';
import { configAliases, configSchemas, foreignConfigs } from '../schemas/configs.ts';
import { findUnknownKeys, toJsonSchema, type UnknownKey } from '../schemas/to-json-schema.ts';

/** The kinds of node that have a config. */
export type ConfigKind = keyof typeof configSchemas;

/** A node's config after all layers. */
export type Config<Kind extends ConfigKind> = z.infer<(typeof configSchemas)[Kind]>;

/** What becomes of a config that nobody knows and that resembles none. */
export interface ConfigReport {
  /** An error rather than a warning. */
  readonly isStrict: boolean;
  readonly warnings: UserError[];
}

/**
 * Merges the layers of a node's config, later ones winning, as dbt merges each config. Configs of
 * the user's own are kept beside the known ones, for `config.get`.
 * Faults go to `faults`; undefined is returned when there are any.
 */
export function resolveConfig<Kind extends ConfigKind>(
  kind: Kind,
  layers: readonly ConfigLayer[],
  faults: UserError[],
  report: ConfigReport = { isStrict: false, warnings: [] },
): Config<Kind> | undefined {
  const { values, places } = mergeLayers(kind, layers);
  const schema = configSchemas[kind];
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(values).filter((key) => !known.includes(key));
  const before = faults.length;
  for (const key of unknown) {
    if (foreignConfigs.has(key)) continue;
    const nearest = nearestName(key, known);
    const fault = unknownFault(key, nearest, places.get(key));
    (nearest !== undefined || report.isStrict ? faults : report.warnings).push(fault);
  }
  const parsed = schema.safeParse(
    Object.fromEntries(Object.entries(values).filter(([key]) => known.includes(key))),
    { reportInput: true },
  );
  if (!parsed.success) {
    const unknownKeys = findUnknownKeys(toJsonSchema(schema, kind), values);
    faults.push(...parsed.error.issues.map((issue) => configFault(issue, places, unknownKeys)));
    return undefined;
  }
  if (faults.length > before) return undefined;
  const own = Object.fromEntries(unknown.map((key) => [key, values[key]]));
  // as: `schema` is the schema of `kind`, which the compiler does not follow through the index
  return { ...own, ...parsed.data } as Config<Kind>;
}

interface Merged {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each config was set last. */
  readonly places: ReadonlyMap<string, Place>;
}

type Merge = (before: unknown, given: unknown) => unknown;

/** How a config of several places becomes one; any that is not named here is replaced. */
const merges: Readonly<Record<string, Merge>> = {
  tags: (before, given) => [...new Set([...listed(before), ...listed(given)])],
  packages: (before, given) => [...listed(before), ...listed(given)],
  'pre-hook': (before, given) => [...listed(before), ...listed(given)],
  'post-hook': (before, given) => [...listed(before), ...listed(given)],
  meta: mergeMeta,
  docs: mergeMaps,
  quoting: mergeMaps,
  column_types: mergeMaps,
  contract: mergeMaps,
  freshness: mergeMaps,
  grants: mergeGrants,
};

function mergeLayers(kind: ConfigKind, layers: readonly ConfigLayer[]): Merged {
  const values: Record<string, unknown> = {};
  const places = new Map<string, Place>();
  for (const layer of layers) {
    for (const [written, given] of Object.entries(layer.values)) {
      const key = Object.hasOwn(configAliases, written)
        ? (configAliases[written] ?? written)
        : written;
      places.set(key, layer.placeOf(written));
      // Exposures have the tags that were said last, where all other nodes have all.
      const isReplaced = kind === 'exposure' && key === 'tags';
      const merge = Object.hasOwn(merges, key) && !isReplaced ? merges[key] : undefined;
      values[key] = merge === undefined ? given : merge(values[key], given);
    }
  }
  return { values, places };
}

function listed(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : [value].flat();
}

/** A value that is no map replaces what was there, to be refused by the schema. */
function mergeMaps(before: unknown, given: unknown): unknown {
  return isMapValue(before) && isMapValue(given) ? { ...before, ...given } : given;
}

/** The runner's own configs under `meta.runner` are merged one by one, as those beside `meta` are. */
function mergeMeta(before: unknown, given: unknown): unknown {
  const merged = mergeMaps(before, given);
  if (!isMapValue(before) || !isMapValue(given) || !isMapValue(merged)) return merged;
  const [above, own] = [before['runner'], given['runner']];
  return isMapValue(above) && isMapValue(own)
    ? { ...merged, runner: { ...above, ...own } }
    : merged;
}

/** A privilege replaces its grantees; one with `+` adds to them. */
function mergeGrants(before: unknown, given: unknown): unknown {
  if (!isMapValue(given)) return given;
  const merged: Record<string, unknown> = isMapValue(before) ? { ...before } : {};
  for (const [key, grantees] of Object.entries(given)) {
    const privilege = key.replace(/^\+/, '');
    const isAdded = key !== privilege;
    merged[privilege] = isAdded ? [...listed(merged[privilege]), ...listed(grantees)] : grantees;
  }
  return merged;
}

function unknownFault(
  key: string,
  nearest: string | undefined,
  where: Place | undefined,
): UserError {
  return new UserError(`unknown config \`${key}\``, {
    where,
    hint: nearest ? `did you mean \`${nearest}\`?` : 'keys of your own belong under `meta`',
  });
}

function configFault(
  issue: z.core.$ZodIssue,
  places: ReadonlyMap<string, Place>,
  unknownKeys: readonly UnknownKey[],
): UserError {
  const path = issue.path.map(String);
  const found = issue.input === undefined ? 'is missing' : `is \`${JSON.stringify(issue.input)}\``;
  const what =
    issue.code === 'unrecognized_keys'
      ? `config \`${path.join('.')}\` has an unknown key \`${issue.keys.join('`, `')}\``
      : `config \`${path.join('.')}\` ${found}: ${issue.message}`;
  const slip = unknownKeys.find((it) => it.path.join('.') === path.join('.'));
  const nearest = slip && nearestName(slip.key, slip.known);
  const hint = nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
  return new UserError(what, { where: places.get(path[0] ?? ''), hint });
}
