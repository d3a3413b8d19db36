// The one place where flags are decided: command line, then environment, then `flags:`, then default.

import { UserError } from '../../core/errors.ts';

/** What a flag holds. */
export type FlagKind = 'boolean' | 'text' | 'list';

/** A flag as the command line, the environment and dbt_project.yml name it. */
export interface Flag {
  /** As on the command line, without the dashes. */
  readonly name: string;
  readonly kind: FlagKind;
  /** What follows `RUNNER_` and `DBT_`; the name in capitals where absent. */
  readonly env?: string;
  /** Whether `flags:` of dbt_project.yml may set it, under its name with underscores. */
  readonly inProject?: boolean;
  readonly choices?: readonly string[];
}

/** Where a flag can be set; each source wins over those after it. */
export interface FlagSources {
  /** What the parser of the command line gives, by camel-cased name; undefined where not given. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `flags:` of dbt_project.yml. */
  readonly project: Readonly<Record<string, unknown>>;
}

/** Every flag that can be set elsewhere than on the command line. */
export const flags: readonly Flag[] = [
  { name: 'project-dir', kind: 'text' },
  { name: 'profiles-dir', kind: 'text' },
  { name: 'profile', kind: 'text' },
  { name: 'target', kind: 'text' },
  { name: 'target-path', kind: 'text', inProject: true },
  { name: 'vars', kind: 'text' },
  { name: 'threads', kind: 'text' },
  { name: 'quiet', kind: 'boolean', inProject: true },
  { name: 'warn-error', kind: 'boolean', inProject: true },
  { name: 'fail-fast', kind: 'boolean', inProject: true },
  { name: 'full-refresh', kind: 'boolean', inProject: true },
  { name: 'store-failures', kind: 'boolean', inProject: true },
  { name: 'state', kind: 'text' },
  { name: 'defer', kind: 'boolean' },
  { name: 'defer-state', kind: 'text' },
  { name: 'favor-state', kind: 'boolean' },
  {
    name: 'indirect-selection',
    kind: 'text',
    inProject: true,
    choices: ['eager', 'cautious', 'buildable', 'empty'],
  },
  { name: 'resource-type', kind: 'list', env: 'RESOURCE_TYPES' },
  { name: 'exclude-resource-type', kind: 'list', env: 'EXCLUDE_RESOURCE_TYPES' },
  { name: 'event-time-start', kind: 'text' },
  { name: 'event-time-end', kind: 'text' },
];

/**
 * Decides every flag; the answer has the keys of `given`, so that commands read it as before.
 * @throws {UserError} naming the variable or the key whose value is none of the flag's.
 */
export function resolveFlags(sources: FlagSources): Readonly<Record<string, unknown>> {
  const decided: Record<string, unknown> = { ...sources.given };
  for (const flag of flags) {
    const key = camelCase(flag.name);
    if (isGiven(decided[key])) continue;
    const value = fromEnvironment(flag, sources.env) ?? fromProject(flag, sources.project);
    if (value !== undefined) decided[key] = value;
  }
  return decided;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/** Ours wins over dbt's; an empty variable counts as not set. */
function fromEnvironment(flag: Flag, env: FlagSources['env']): unknown {
  const name = flag.env ?? flag.name.toUpperCase().replaceAll('-', '_');
  for (const variable of [`RUNNER_${name}`, `DBT_ENGINE_${name}`, `DBT_${name}`]) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    return parseFlag(flag, text, `environment variable ${variable}`);
  }
  return undefined;
}

function fromProject(flag: Flag, project: FlagSources['project']): unknown {
  const key = flag.name.replaceAll('-', '_');
  const value = flag.inProject === true ? project[key] : undefined;
  if (value === undefined || value === null) return undefined;
  return parseFlag(flag, value, `dbt_project.yml, flags.${key}`);
}

function parseFlag({ kind, choices }: Flag, value: unknown, where: string): unknown {
  const text = String(value);
  if (kind === 'list') return text.split(/[\s,]+/).filter(Boolean);
  if (kind === 'text') {
    if (choices === undefined || choices.includes(text)) return text;
    throw new UserError(`\`${text}\` is none of ${choices.join(', ')}`, { where });
  }
  if (/^(true|t|1|yes|y|on)$/i.test(text)) return true;
  if (/^(false|f|0|no|n|off)$/i.test(text)) return false;
  throw new UserError(`\`${text}\` is neither true nor false`, {
    where,
    hint: 'write true or false',
  });
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
