#!/usr/bin/env node
// The command line of extract: reads the words, loads the one command that they name.

import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { ExitCode, RunCommand } from '../core/program.ts';
import type { CommonOptions } from './commands/types.ts';

const words = process.argv.slice(2);

if (words.length === 1 && ['--version', '-V'].includes(words[0] ?? '')) {
  const { readVersion } = await import('../core/version.ts');
  process.stdout.write(`${readVersion()}\n`);
} else {
  process.exitCode = await main();
}

async function main(): Promise<ExitCode> {
  const { endQuietlyOnClosedPipe, parseCommandLine } = await import('../core/program.ts');
  endQuietlyOnClosedPipe();
  return parseCommandLine('extract', words, declareCommands);
}

type Given = ArgumentsCamelCase<Record<string, unknown>>;

function declareCommands(cli: Argv, run: RunCommand): Argv {
  return commonFlags(cli)
    .usage('extract <command>: FEC files, as received, into schema bronze of PostgreSQL')
    .command('bulk', "load the FEC's bulk files of a cycle", bulkFlags, (given) =>
      run(async (context) => {
        const { bulkCycles } = await import('./commands/bulk.ts');
        const { cycles, ...options } = await fetchOptions(given);
        const full = given['full'] === true;
        const accept = given['accept'] === true;
        return bulkCycles(context, cycles, { ...options, full, accept });
      }),
    )
    .command(
      'download',
      "fetch the FEC's bulk files of a cycle, load nothing",
      fetchFlags,
      (given) =>
        run(async (context) => {
          const { download } = await import('./commands/download.ts');
          return download(context, await fetchOptions(given));
        }),
    )
    .command('api', 'bring the API of a cycle up to date', apiFlags, (given) =>
      run(async (context) => {
        const { api } = await import('./commands/api.ts');
        return api(context, await apiOptions(given));
      }),
    )
    .command('retry', 'go on with what the API left incomplete', retryFlags, (given) =>
      run(async (context) => {
        const { retry } = await import('./commands/api.ts');
        return retry(context, {
          ...commonOptions(given),
          cycles: await optionalCycles(given),
          datasets: names(given['dataset']),
          maxCalls: await wholeNumber('--max-calls', given['maxCalls'], 1),
        });
      }),
    )
    .command('sync-state', 'compute the extraction state anew from Bronze', syncFlags, (given) =>
      run(async (context) => {
        const { syncState } = await import('./commands/sync-state.ts');
        return syncState(context, {
          ...commonOptions(given),
          cycles: await optionalCycles(given),
          committees: names(given['committee']),
          dryRun: given['dryRun'] === true,
        });
      }),
    )
    .command('plan [source]', 'show what bulk, or the API, would cost', planFlags, (given) =>
      run(async (context) => {
        const json = given['json'] === true;
        if (given['source'] === 'api') {
          const { planApi } = await import('./commands/plan-api.ts');
          return planApi(context, { ...(await apiOptions(given)), json });
        }
        const { plan } = await import('./commands/plan.ts');
        return plan(context, { ...(await fetchOptions(given)), json });
      }),
    )
    .command('status', 'show what is loaded, and what is stale or failed', statusFlags, (given) =>
      run(async (context) => {
        const { status } = await import('./commands/status.ts');
        return status(context, { ...commonOptions(given), json: given['json'] === true });
      }),
    )
    .example('extract api --cycle 2026', 'what the FEC loaded since the last time')
    .example(
      'extract bulk --cycle 2020 --from extract/sample/2019-03-17',
      'the sample that ships with FundLens',
    )
    .example('extract bulk --cycle 2024', 'everything that the FEC has of a cycle')
    .example('extract bulk --cycle 2024 --from ~/fec --dataset cm,cn', 'two files of a folder');
}

function commonFlags(cli: Argv): Argv {
  return cli
    .option('project-dir', { type: 'string', default: '.', describe: 'folder of dbt_project.yml' })
    .option('profiles-dir', { type: 'string', describe: 'folder of profiles.yml' })
    .option('profile', { type: 'string', describe: 'profile to use' })
    .option('target', { alias: 't', type: 'string', describe: 'output of the profile to use' });
}

function bulkFlags(cli: Argv): Argv {
  return fromFlag(sourceFlags(cli))
    .option('full', {
      type: 'boolean',
      describe: "put each file in the place of its cycle's rows without comparing them",
    })
    .option('accept', { type: 'boolean', describe: 'load what the guards would stop' });
}

function fromFlag(cli: Argv): Argv {
  return cli.option('from', {
    type: 'string',
    describe: "folder of the files, or the address to fetch them from; the FEC's when not given",
  });
}

function fetchFlags(cli: Argv): Argv {
  return sourceFlags(cli).option('from', {
    type: 'string',
    describe: 'address to fetch from, in the place of FEC_BULK_URL',
  });
}

function planFlags(cli: Argv): Argv {
  return scopeFlags(
    fromFlag(sourceFlags(cli))
      .positional('source', { choices: ['bulk', 'api'] as const, default: 'bulk' as const })
      .option('json', { type: 'boolean', describe: 'print JSON' }),
  );
}

function apiFlags(cli: Argv): Argv {
  return scopeFlags(sourceFlags(cli)).option('max-calls', {
    type: 'number',
    describe: 'calls that this run makes at most',
  });
}

function scopeFlags(cli: Argv): Argv {
  return cli
    .option('state', { type: 'string', array: true, describe: 'API: states, such as MD,VA' })
    .option('all-states', { type: 'boolean', describe: 'API: the fifty states and DC, one by one' })
    .option('committee', {
      type: 'string',
      array: true,
      describe: 'API: committees, such as C00401224',
    })
    .option('since', {
      type: 'string',
      describe: 'API: the first day to ask for, on the clock of loading',
    })
    .option('lookback', {
      type: 'number',
      describe: 'API: days that are looked through again; 7 when not given',
    })
    .option('full-refresh', {
      type: 'boolean',
      describe: 'API: read all of the cycle, whatever is known of it',
    });
}

function retryFlags(cli: Argv): Argv {
  return sourceFlags(cli).option('max-calls', {
    type: 'number',
    describe: 'calls that this run makes at most',
  });
}

function syncFlags(cli: Argv): Argv {
  return cli
    .option('cycle', { type: 'string', array: true, describe: 'cycles; all when not given' })
    .option('committee', {
      type: 'string',
      array: true,
      describe: 'committees; all when not given',
    })
    .option('dry-run', { type: 'boolean', describe: 'say what would change, change nothing' });
}

async function apiOptions(given: Given) {
  const [{ parseScopes }, { parseDay }] = await Promise.all([
    import('./datasets/api-catalog.ts'),
    import('./commands/days.ts'),
  ]);
  const { from: _, ...common } = await fetchOptions(given);
  return {
    ...common,
    scopes: parseScopes({
      states: names(given['state']),
      allStates: given['allStates'] === true,
      committees: names(given['committee']),
    }),
    since: parseDay('--since', given['since']),
    lookbackDays: await wholeNumber('--lookback', given['lookback'], 0),
    full: given['fullRefresh'] === true,
    maxCalls: await wholeNumber('--max-calls', given['maxCalls'], 1),
  };
}

async function optionalCycles(given: Given): Promise<readonly number[]> {
  if (given['cycle'] === undefined && given['cycles'] === undefined) return [];
  const { parseCycles } = await import('./commands/cycles.ts');
  return parseCycles(given['cycle'], given['cycles']);
}

async function wholeNumber(
  flag: string,
  value: unknown,
  minimum: number,
): Promise<number | undefined> {
  const { parseWholeNumber } = await import('../core/whole-number.ts');
  return parseWholeNumber(flag, value, minimum);
}

function sourceFlags(cli: Argv): Argv {
  return cli
    .option('cycle', {
      // As text: a message shows what was typed, not NaN.
      type: 'string',
      array: true,
      describe: 'the even year that ends the two-year cycle; may be given again',
    })
    .option('cycles', { type: 'string', describe: 'a range of cycles, such as 2020-2024' })
    .option('dataset', {
      type: 'string',
      array: true,
      describe: 'datasets, such as indiv,cm; all that there are when not given',
    });
}

async function fetchOptions(given: Given): Promise<
  CommonOptions & {
    readonly cycles: readonly number[];
    readonly datasets: readonly string[];
    readonly from: string | undefined;
  }
> {
  const { parseCycles } = await import('./commands/cycles.ts');
  return {
    ...commonOptions(given),
    cycles: parseCycles(given['cycle'], given['cycles']),
    datasets: names(given['dataset']),
    from: text(given['from']),
  };
}

function statusFlags(cli: Argv): Argv {
  return cli.option('json', { type: 'boolean', describe: 'print JSON' });
}

function commonOptions(given: Given): CommonOptions {
  return {
    projectDir: text(given['projectDir']) ?? '.',
    profilesDir: text(given['profilesDir']),
    profile: text(given['profile']),
    target: text(given['target']),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Takes both `--dataset indiv,cm` and `--dataset indiv --dataset cm`. */
function names(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value
    .flatMap((item) => String(item).split(','))
    .map((name) => name.trim())
    .filter(Boolean);
}
