#!/usr/bin/env node
// The command line of runner: reads the words, loads the one command that they name.

import type { Argv } from 'yargs';
import type { ExitCode, ProgramContext } from '../core/program.ts';
import { parseWholeNumber } from '../core/whole-number.ts';
import type { CommonOptions } from './commands/types.ts';
import { indirectModes, type ResourceType, resourceTypes } from './graph/types.ts';

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
  return parseCommandLine('runner', words, declareCommands);
}

type Run = (command: (context: ProgramContext) => Promise<ExitCode>) => Promise<void>;
type Given = Readonly<Record<string, unknown>>;
/** `asked` is what the command line itself says. */
type Command = (context: ProgramContext, given: Given, asked: Given) => Promise<ExitCode>;

/** Runs a command once its flags are decided. */
function settled(run: Run, command: Command) {
  return (given: Given) =>
    run(async (context) => {
      const { settle } = await import('./commands/settle.ts');
      const decided = settle(context, given);
      return command(decided.context, decided.given, given);
    });
}

function declareCommands(cli: Argv, run: Run): Argv {
  const runVerb = (verb: 'build' | 'run' | 'test' | 'seed' | 'snapshot') =>
    settled(run, async (context, given) => {
      const { runNodes } = await import('./commands/run-nodes.ts');
      return runNodes(context, verb, runOptions(given));
    });
  return declareUpkeep(commonFlags(cli), run)
    .usage('runner <command>: SQL models to tables in PostgreSQL, tested before they are published')
    .command(
      'build',
      'build and test models, seeds and snapshots in dependency order',
      runFlags,
      runVerb('build'),
    )
    .command('run', 'build models without their tests', runFlags, runVerb('run'))
    .command('test', 'run tests on the published tables', runFlags, runVerb('test'))
    .command('seed', 'load the CSV files of the seed folders', runFlags, runVerb('seed'))
    .command('snapshot', 'keep versions of changing rows', runFlags, runVerb('snapshot'))
    .command(
      'compile',
      'write the SQL that would run to target/compiled',
      compileFlags,
      settled(run, async (context, given) => {
        const { compile } = await import('./commands/compile.ts');
        return compile(context, {
          ...selectionOptions(given),
          inline: text(given['inline']),
          fullRefresh: given['fullRefresh'] === true,
          eventTime: eventTimeOptions(given),
        });
      }),
    )
    .command(
      'show [name]',
      'print rows of a model, a test or a query',
      showFlags,
      settled(run, async (context, given) => {
        const { show } = await import('./commands/show.ts');
        return show(context, {
          ...commonOptions(given),
          ...deferOptions(given),
          name: text(given['name']),
          inline: text(given['inline']),
          inlineFile: text(given['inlineFile']),
          limit: parseWholeNumber('--limit', given['limit'], -1) ?? 5,
          output: oneOf(['table', 'csv', 'json'], given['output']),
        });
      }),
    )
    .command(
      ['ls', 'list'],
      'list the nodes of a selection',
      lsFlags,
      settled(run, async (context, given) => {
        const { ls } = await import('./commands/ls.ts');
        return ls(context, {
          ...selectionOptions(given),
          output: oneOf(['selector', 'name', 'path', 'json'], given['output']),
          outputKeys: list(given['outputKeys']).flatMap((keys) => keys.split(/[\s,]+/)),
        });
      }),
    )
    .example('runner build --select +committee_summary', 'a model and all that it needs')
    .example('runner show committee_summary --limit 5', 'the first rows of its query')
    .example(
      'runner show --inline "select count(*) from {{ ref(\'contributions\') }}"',
      'a question',
    );
}

/** The commands that build nothing. */
function declareUpkeep(cli: Argv, run: Run): Argv {
  return declareProject(cli, run)
    .command(
      'deps',
      'install the packages that the project names',
      depsFlags,
      settled(run, async (context, given) => {
        const { deps } = await import('./commands/deps.ts');
        const added = text(given['addPackage']);
        const source = oneOf(['hub', 'git', 'local'], given['source']);
        return deps(context, {
          ...commonOptions(given),
          upgrade: given['upgrade'] === true,
          lock: given['lock'] === true,
          add: added === undefined ? undefined : { given: added, source },
        });
      }),
    )
    .command(
      'source <action>',
      'how old the rows of sources are',
      sourceFlags,
      settled(run, async (context, given) => {
        const { sourceFreshness } = await import('./commands/source-freshness.ts');
        return sourceFreshness(context, {
          ...selectionOptions(given),
          output: text(given['output']),
        });
      }),
    )
    .command(
      'debug',
      'show the settings in use and try the connection',
      {},
      settled(run, async (context, given) => {
        const { debug } = await import('./commands/debug.ts');
        return debug(context, commonOptions(given));
      }),
    )
    .command(
      'db <action>',
      'the embedded PostgreSQL by hand',
      dbFlags,
      settled(run, async (context, given) => {
        const { db } = await import('./commands/db.ts');
        return db(context, {
          ...commonOptions(given),
          action: oneOf(['start', 'stop', 'status', 'url', 'psql-hint', 'reset'], given['action']),
          minutes: parseWholeNumber('--minutes', given['minutes'], 1) ?? 60,
          force: given['force'] === true,
        });
      }),
    );
}

/** The commands about the project as a whole. */
function declareProject(cli: Argv, run: Run): Argv {
  return cli
    .command(
      'init [name]',
      'make a project that builds, in a new folder',
      (own) => own.positional('name', { type: 'string', describe: 'name of the project' }),
      settled(run, async (context, given) => {
        const { init } = await import('./commands/init.ts');
        return init(context, { name: text(given['name']), parentDir: text(given['projectDir']) });
      }),
    )
    .command(
      'parse',
      'read the project, show every fault, write manifest.json',
      {},
      settled(run, async (context, given) => {
        const { parse } = await import('./commands/parse.ts');
        return parse(context, commonOptions(given));
      }),
    )
    .command(
      'retry',
      'run again what failed or was skipped in the run before',
      retryFlags,
      settled(run, async (context, given, asked) => {
        const { retry } = await import('./commands/retry.ts');
        return retry(context, runOptions(given), runOptions(asked));
      }),
    )
    .command(
      'clone',
      'make views on the relations of --state where the target has none',
      cloneFlags,
      settled(run, async (context, given) => {
        const { clone } = await import('./commands/clone.ts');
        return clone(context, {
          ...selectionOptions(given),
          fullRefresh: given['fullRefresh'] === true,
        });
      }),
    )
    .command(
      'run-operation [macro]',
      'call a macro, in one transaction',
      operationFlags,
      settled(run, async (context, given) => {
        const { runOperation } = await import('./commands/run-operation.ts');
        return runOperation(context, {
          ...commonOptions(given),
          macro: text(given['macro']),
          argsText: text(given['args']),
          sql: text(given['sql']),
        });
      }),
    )
    .command(
      'docs <action>',
      'generate: write catalog.json, the tables and columns that are in the database',
      (own) =>
        selectionFlags(own).positional('action', {
          choices: ['generate'] as const,
          describe: 'what to do',
        }),
      settled(run, async (context, given) => {
        const { docsGenerate } = await import('./commands/docs-generate.ts');
        return docsGenerate(context, selectionOptions(given));
      }),
    )
    .command(
      'clean',
      'remove the folders that clean-targets names',
      {},
      settled(run, async (context, given) => {
        const { clean } = await import('./commands/clean.ts');
        return clean(context, commonOptions(given));
      }),
    )
    .completion('completion', 'print a script that completes commands and flags in your shell');
}

function retryFlags(cli: Argv): Argv {
  return cli
    .option('threads', { type: 'string', describe: 'nodes built at once' })
    .option('fail-fast', {
      alias: 'x',
      type: 'boolean',
      describe: 'start nothing after a failure',
    })
    .option('full-refresh', {
      alias: 'f',
      type: 'boolean',
      describe: 'build incremental models anew from all their rows',
    });
}

function cloneFlags(cli: Argv): Argv {
  return deferFlags(selectionFlags(cli)).option('full-refresh', {
    alias: 'f',
    type: 'boolean',
    describe: 'replace what the target has by views',
  });
}

function operationFlags(cli: Argv): Argv {
  return cli
    .positional('macro', { type: 'string', describe: 'a macro, or package.macro' })
    .option('args', { type: 'string', describe: "its arguments, as YAML: '{days: 3}'" })
    .option('sql', { type: 'string', describe: 'in place of a macro: SQL, templates allowed' });
}

function commonFlags(cli: Argv): Argv {
  return cli
    .option('project-dir', { type: 'string', describe: 'folder of dbt_project.yml' })
    .option('profiles-dir', { type: 'string', describe: 'folder of profiles.yml' })
    .option('profile', { type: 'string', describe: 'profile to use' })
    .option('target', { alias: 't', type: 'string', describe: 'output of the profile to use' })
    .option('target-path', { type: 'string', describe: 'folder for what is written: target' })
    .option('quiet', { alias: 'q', type: 'boolean', describe: 'print errors and results only' })
    .option('warn-error', { type: 'boolean', describe: 'take every warning for an error' })
    .option('vars', { type: 'string', describe: "values for var(), as YAML: '{cycle: 2020}'" });
}

function selectionFlags(cli: Argv): Argv {
  return cli
    .option('select', {
      alias: ['s', 'm', 'models'],
      type: 'string',
      array: true,
      describe: 'nodes to work on: names, path:…, tag:…, with + for parents and children',
    })
    .option('exclude', { type: 'string', array: true, describe: 'nodes to leave out' })
    .option('selector', { type: 'string', describe: 'a selection of selectors.yml, by its name' })
    .option('resource-type', {
      alias: 'resource-types',
      type: 'string',
      array: true,
      choices: resourceTypes,
      describe: 'kinds of node to keep',
    })
    .option('exclude-resource-type', {
      alias: 'exclude-resource-types',
      type: 'string',
      array: true,
      choices: resourceTypes,
      describe: 'kinds of node to leave out',
    })
    .option('indirect-selection', {
      choices: indirectModes,
      describe: 'which tests come along: with any parent, with all, with all that are built, none',
    })
    .option('state', {
      type: 'string',
      describe:
        'folder with the artifacts of an earlier run, for state:, result: and source_status:',
    });
}

function runFlags(cli: Argv): Argv {
  return deferFlags(incrementalFlags(selectionFlags(cli)))
    .option('threads', { type: 'string', describe: 'nodes built at once' })
    .option('dry-run', {
      type: 'boolean',
      describe: 'print the plan, with its SQL, and do nothing',
    })
    .option('store-failures', {
      type: 'boolean',
      describe: 'keep the rows that tests find wrong, in tables',
    })
    .option('fail-fast', {
      alias: 'x',
      type: 'boolean',
      describe: 'start nothing after a failure',
    });
}

/** What stands for nodes that are not built here. */
function deferFlags(cli: Argv): Argv {
  return cli
    .option('defer', {
      type: 'boolean',
      describe: 'read what is not selected and not there from the relations of --state',
    })
    .option('favor-state', {
      type: 'boolean',
      describe: 'with --defer: read them from there also where the target has its own',
    })
    .option('defer-state', { type: 'string', describe: 'folder for --defer in place of --state' });
}

/** What decides the SQL of incremental models. */
function incrementalFlags(cli: Argv): Argv {
  return cli
    .option('full-refresh', {
      alias: 'f',
      type: 'boolean',
      describe: 'build incremental models anew from all their rows',
    })
    .option('event-time-start', {
      type: 'string',
      describe: 'microbatch models: build again from here, as 2024-09-01',
    })
    .option('event-time-end', {
      type: 'string',
      describe: 'microbatch models: build again up to here, this moment excluded',
    });
}

function compileFlags(cli: Argv): Argv {
  return deferFlags(incrementalFlags(selectionFlags(cli))).option('inline', {
    type: 'string',
    describe: 'compile this text',
  });
}

function showFlags(cli: Argv): Argv {
  return deferFlags(cli)
    .option('state', { type: 'string', describe: 'folder with the artifacts of an earlier run' })
    .positional('name', { type: 'string', describe: 'a model, seed or test' })
    .option('inline', { type: 'string', describe: 'a query, templates allowed' })
    .option('inline-file', { type: 'string', describe: 'a file with such a query' })
    .option('limit', { type: 'string', default: '5', describe: 'rows at most, -1 for all' })
    .option('output', {
      alias: 'o',
      choices: ['table', 'csv', 'json'] as const,
      default: 'table',
      describe: 'how to print the rows',
    });
}

function lsFlags(cli: Argv): Argv {
  return selectionFlags(cli)
    .option('output', {
      choices: ['selector', 'name', 'path', 'json'] as const,
      default: 'selector',
      describe: 'what to print of each node',
    })
    .option('output-keys', {
      type: 'string',
      array: true,
      describe: 'with --output json: the keys to print',
    });
}

function depsFlags(cli: Argv): Argv {
  return cli
    .option('upgrade', { type: 'boolean', describe: 'decide versions anew' })
    .option('lock', { type: 'boolean', describe: 'write package-lock.yml, install nothing' })
    .option('add-package', {
      type: 'string',
      describe: 'add a package to packages.yml: owner/package@1.3.0',
    })
    .option('source', {
      choices: ['hub', 'git', 'local'] as const,
      default: 'hub',
      describe: 'where the added package comes from',
    });
}

function sourceFlags(cli: Argv): Argv {
  return selectionFlags(cli)
    .positional('action', {
      choices: ['freshness', 'snapshot-freshness'] as const,
      describe: 'what to ask of sources',
    })
    .option('threads', { type: 'string', describe: 'sources asked at once' })
    .option('output', {
      alias: 'o',
      type: 'string',
      describe: 'file to write; target/sources.json where not given',
    });
}

function dbFlags(cli: Argv): Argv {
  return cli
    .positional('action', {
      choices: ['start', 'stop', 'status', 'url', 'psql-hint', 'reset'] as const,
      describe: 'what to do',
    })
    .option('minutes', { type: 'string', default: '60', describe: 'how long it stays up unused' })
    .option('force', { type: 'boolean', describe: 'stop or reset though others use it' });
}

function commonOptions(given: Given): CommonOptions {
  return {
    projectDir: text(given['projectDir']) ?? '.',
    profilesDir: text(given['profilesDir']),
    profile: text(given['profile']),
    target: text(given['target']),
    varsText: text(given['vars']),
    targetPath: text(given['targetPath']),
    threads: parseWholeNumber('--threads', given['threads'], 1),
    storeFailures:
      given['storeFailures'] === undefined ? undefined : given['storeFailures'] === true,
    commandLine: words[0] ?? '',
  };
}

function runOptions(given: Given) {
  return {
    ...selectionOptions(given),
    dryRun: given['dryRun'] === true,
    failFast: given['failFast'] === true,
    fullRefresh: given['fullRefresh'] === true,
    eventTime: eventTimeOptions(given),
    warnError: given['warnError'] === true,
  };
}

/** --state and --defer, of the commands that compile. */
function deferOptions(given: Given) {
  return {
    state: text(given['state']),
    defer: {
      isOn: given['defer'] === true,
      state: text(given['deferState']),
      favorState: given['favorState'] === true,
    },
  };
}

function selectionOptions(given: Given) {
  return {
    ...commonOptions(given),
    ...deferOptions(given),
    select: list(given['select']),
    exclude: list(given['exclude']),
    selector: text(given['selector']),
    indirectSelection: indirectModes.find((mode) => mode === given['indirectSelection']),
    resourceTypes: typesOf(given['resourceType']),
    excludeResourceTypes: typesOf(given['excludeResourceType']),
  };
}

function eventTimeOptions(given: Given): CommonOptions['eventTime'] {
  const [start, end] = [text(given['eventTimeStart']), text(given['eventTimeEnd'])];
  return start === undefined && end === undefined ? undefined : { start, end };
}

function typesOf(value: unknown): readonly ResourceType[] {
  const given = list(value);
  return resourceTypes.filter((type) => given.includes(type));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** yargs has checked the choice; this tells the compiler. */
function oneOf<const Choice extends string>(choices: readonly Choice[], value: unknown): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new Error(`unchecked choice ${String(value)}`);
  return found;
}
