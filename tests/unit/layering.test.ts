import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';

const root = packageRoot();

/** One import of a file; the target of a relative one is a path from the root. */
interface Import {
  readonly target: string;
  readonly isTypeOnly: boolean;
}

/** A source file, as far as the rules look at it. */
interface Source {
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const pureStages = [
  'runner/project/',
  'runner/compile/',
  'runner/graph/',
  'runner/plan/',
  'core/template/',
];
const runnerStages = ['project', 'compile', 'graph', 'plan', 'execute', 'report'];
/** Processes of their own, which read their own words and set their own exit code. */
const programs = ['extract/cli.ts', 'runner/cli.ts', 'core/start.ts', 'core/embedded/watchdog.ts'];
/** The one file of a pure stage that reads the disk for it. */
const readsForStage = /^runner\/project\/read-[a-z-]+\.ts$/;

function readSource(path: string, text: string): Source {
  const code = text
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '')
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/[ \t]\/\/ .*$/gm, '');
  return { path, code, imports: [...readImports(path, code)] };
}

function* readImports(path: string, code: string): Generator<Import> {
  const resolve = (specifier: string): string =>
    specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;
  const statements =
    /^\s*(?:import|export)\s+(type\s+)?(?:([\w*{][^;'"]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
  for (const [, type, names, specifier] of code.matchAll(statements)) {
    const isListOfTypes = /^\{(\s*type\s[^,}]+,?)+\s*\}$/.test(names ?? '');
    yield { target: resolve(specifier ?? ''), isTypeOnly: type !== undefined || isListOfTypes };
  }
  for (const [, specifier] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    yield { target: resolve(specifier ?? ''), isTypeOnly: false };
  }
}

/** The folder under `runner/` that a path lies in. */
function stageOf(path: string): string | undefined {
  return /^runner\/([^/]+)\//.exec(path)?.[1];
}

type Rule = (source: Source) => string[];

const rules: Readonly<Record<string, Rule>> = {
  'core knows neither program': ({ path, imports }) =>
    path.startsWith('core/') ? targets(imports, /^(extract|runner)\//) : [],
  'extract and runner share Bronze, not code': ({ path, imports }) => {
    if (path.startsWith('extract/')) return targets(imports, /^runner\//);
    return path.startsWith('runner/') ? targets(imports, /^extract\//) : [];
  },
  'no product imports a test': ({ path, imports }) =>
    /^(core|extract|runner)\//.test(path) ? targets(imports, /^(tests|bench)\//) : [],
  'a stage of runner takes only types from another': ({ path, imports }) => {
    const stage = stageOf(path);
    if (stage === undefined || !runnerStages.includes(stage)) return [];
    return imports
      .filter(({ target, isTypeOnly }) => {
        const other = stageOf(target);
        return (
          !isTypeOnly && other !== undefined && runnerStages.includes(other) && other !== stage
        );
      })
      .map(({ target }) => target);
  },
  'a stage does not know who calls it': ({ path, imports }) => {
    const isStage = /^(runner|extract)\/(?!commands\/)[^/]+\//.test(path);
    return isStage ? targets(imports, /^(runner|extract)\/(commands\/|cli\.ts)/) : [];
  },
  'a pure stage reads no file, no database and starts no process': ({ path, imports }) => {
    if (!pureStages.some((stage) => path.startsWith(stage)) || readsForStage.test(path)) return [];
    const outside =
      /^(node:(fs|child_process|net|http|https|os|process)(\/.*)?|pg|pg-copy-streams|knex|core\/(database|copy|locks|migrations|target)\.ts)$/;
    return imports
      .filter(({ target, isTypeOnly }) => !isTypeOnly && outside.test(target))
      .map(({ target }) => target);
  },
  'a pure stage reads neither clock nor environment': ({ path, code }) =>
    pureStages.some((stage) => path.startsWith(stage)) && !readsForStage.test(path)
      ? found(
          code,
          /\bprocess\.env\b|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomUUID\(/g,
        )
      : [],
  'only a program reads its words and sets its exit code': ({ path, code }) =>
    isProduct(path) && !programs.includes(path)
      ? found(code, /\bprocess\.argv\b|\bprocess\.exitCode\b/g)
      : [],
  'nobody calls process.exit': ({ path, code }) =>
    isProduct(path) ? found(code, /\bprocess\s*\.\s*(exit|abort)\s*\(/g) : [],
  'no default export': ({ code }) =>
    found(code, /^\s*export\s+default\b|^\s*export\s*\{[^}]*\bas\s+default\b/gm),
  'no barrel': ({ path, code }) => [
    ...(path.endsWith('/index.ts') ? ['index.ts'] : []),
    ...found(code, /^\s*export\s+(type\s+)?(\*|\{[^}]*\})(\s+as\s+\w+)?\s+from\b/gm),
  ],
  'no folder is a drawer': ({ path }) =>
    path
      .split('/')
      .slice(0, -1)
      .filter((folder) => /^(utils?|libs?|helpers?|commons?|misc|base)$/.test(folder)),
  'imports name the file': ({ imports }) =>
    targets(imports, /^(core|extract|runner|tests)\/.*(?<!\.ts)$/),
};

function isProduct(path: string): boolean {
  return /^(core|extract|runner)\//.test(path);
}

function targets(imports: readonly Import[], pattern: RegExp): string[] {
  return imports.map(({ target }) => target).filter((target) => pattern.test(target));
}

function found(code: string, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(([text]) => text.trim());
}

describe('layering', () => {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const sources = listed
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));

  it('looks at the sources', () => {
    assert.ok(sources.length > 100);
    const program = sources.find(({ path }) => path === 'core/target.ts');
    assert.ok(program?.imports.some(({ target }) => target === 'core/profiles.ts'));
    assert.ok(program?.imports.some(({ target }) => target === 'core/embedded/server.ts'));
  });

  for (const [title, rule] of Object.entries(rules)) {
    it(title, () => {
      const breaches = sources.flatMap((source) =>
        rule(source).map((fault) => `${source.path}: ${fault}`),
      );
      assert.deepEqual(breaches, []);
    });
  }

  describe('each rule', () => {
    const breaches: readonly (readonly [keyof typeof rules, string, string])[] = [
      ['core knows neither program', 'core/a.ts', "import { x } from '../runner/cli.ts';"],
      ['core knows neither program', 'core/a.ts', "const { x } = await import('../extract/x.ts');"],
      [
        'extract and runner share Bronze, not code',
        'runner/plan/a.ts',
        "import type { X } from '../../extract/x.ts';",
      ],
      ['extract and runner share Bronze, not code', 'extract/a.ts', "import '../runner/x.ts';"],
      ['no product imports a test', 'core/a.ts', "import { x } from '../tests/support/x.ts';"],
      [
        'a stage of runner takes only types from another',
        'runner/plan/a.ts',
        "import {\n  type A,\n  b,\n} from '../graph/x.ts';",
      ],
      [
        'a stage does not know who calls it',
        'runner/plan/a.ts',
        "import { x } from '../commands/x.ts';",
      ],
      [
        'a pure stage reads no file, no database and starts no process',
        'runner/plan/a.ts',
        "import { readFileSync } from 'node:fs';",
      ],
      [
        'a pure stage reads no file, no database and starts no process',
        'runner/compile/a.ts',
        "import pg from 'pg';",
      ],
      [
        'a pure stage reads no file, no database and starts no process',
        'core/template/a.ts',
        "import { x } from '../database.ts';",
      ],
      [
        'a pure stage reads neither clock nor environment',
        'runner/plan/a.ts',
        'const now = new Date();',
      ],
      [
        'only a program reads its words and sets its exit code',
        'core/a.ts',
        'process.exitCode = 1;',
      ],
      [
        'only a program reads its words and sets its exit code',
        'runner/commands/a.ts',
        'const [word] = process.argv;',
      ],
      ['nobody calls process.exit', 'runner/cli.ts', 'if (bad) process.exit(1);'],
      ['no default export', 'core/a.ts', 'export default function x() {}'],
      ['no barrel', 'core/a.ts', "export { x } from './b.ts';"],
      ['no folder is a drawer', 'core/utils/a.ts', ''],
      ['imports name the file', 'core/a.ts', "import { x } from './b';"],
    ];
    for (const [title, path, code] of breaches) {
      it(`finds a breach of “${title}” in ${JSON.stringify(code)}`, () => {
        assert.equal(rules[title]?.(readSource(path, code)).length, 1);
      });
    }

    it('lets pass what is allowed', () => {
      const allowed: readonly (readonly [string, string])[] = [
        [
          'runner/plan/a.ts',
          "import type { A } from '../graph/x.ts';\nimport { type B, type C } from '../graph/x.ts';\nimport { d } from './d.ts';",
        ],
        ['runner/commands/a.ts', "import { x } from '../graph/x.ts';"],
        ['runner/project/read-files.ts', "import { readFileSync } from 'node:fs';"],
        ['runner/cli.ts', 'process.exitCode = await main(process.argv);'],
        [
          'core/a.ts',
          "// process.exit(1) is not called here\n/* export default */\nimport { x } from './b.ts'; // export default",
        ],
      ];
      for (const [path, code] of allowed) {
        const source = readSource(path, code);
        assert.deepEqual(
          Object.values(rules).flatMap((rule) => rule(source)),
          [],
          path,
        );
      }
    });
  });
});
