// Docs blocks of `.md` files, and the descriptions that name them.

import { nearestName, type Place, UserError } from '../../core/errors.ts';
import { ValueFault } from '../../core/template/errors.ts';
import { findBlocks } from '../../core/template/macro-file.ts';
import { asText, makeFunction } from '../../core/template/values.ts';
import { collect } from './collect-faults.ts';
import type { Describe } from './describe.ts';
import { renderText, yamlScope } from './render-yaml.ts';
import type { DocsBlock, SourceFile, YamlInputs } from './types.ts';

/** The block that dbt shows on the first page of its documentation: every package may have its own. */
const overview = /^__.*__$/;

/** Reads the docs blocks of all files; a name twice in one package is a fault. */
export function readDocsBlocks(
  files: readonly SourceFile[],
  faults: UserError[],
): readonly DocsBlock[] {
  const first = new Map<string, DocsBlock>();
  const docs = files.filter(({ kind }) => kind === 'docs');
  return docs.flatMap((file) =>
    collect(faults, () => findBlocks({ path: file.path, text: file.text })).flatMap((blocks) =>
      blocks.flatMap((block): DocsBlock[] => {
        if (block.kind !== 'docs') return [];
        const made: DocsBlock = {
          name: block.name,
          packageName: file.packageName,
          path: file.path,
          text: block.body.trim(),
          place: { path: file.path, line: block.line, column: block.column },
        };
        const key = `${file.packageName}.${block.name}`;
        const other = first.get(key);
        if (other !== undefined && !overview.test(block.name)) faults.push(twice(made, other));
        first.set(key, other ?? made);
        return [made];
      }),
    ),
  );
}

/** Returns what renders descriptions: `doc` finds the package's own blocks first, then any other's. */
export function describeWith(
  blocks: readonly DocsBlock[],
  inputs: YamlInputs,
  varsOf: (packageName: string) => Readonly<Record<string, unknown>>,
  faults: UserError[],
): Describe {
  return (text, place, packageName) => {
    if (!/\{[{%#]/.test(text)) return text;
    const doc = makeFunction('doc', (args) => {
      const words = args.map((arg) => asText(arg) ?? '');
      const [name = ''] = words.slice(-1);
      const from = words.length > 1 ? words[0] : undefined;
      return findBlock(blocks, name, from, packageName).text;
    });
    const scope = yamlScope(inputs, varsOf(packageName), new Map([['doc', doc]]));
    const [rendered] = collect(faults, () => renderText(text, place, scope));
    return typeof rendered === 'string' ? rendered : '';
  };
}

function findBlock(
  blocks: readonly DocsBlock[],
  name: string,
  from: string | undefined,
  packageName: string,
): DocsBlock {
  const named = blocks.filter((block) => block.name === name);
  const found =
    from === undefined
      ? (named.find((block) => block.packageName === packageName) ?? named[0])
      : named.find((block) => block.packageName === from);
  if (found !== undefined) return found;
  const nearest = nearestName(
    name,
    blocks.map((block) => block.name),
  );
  throw new ValueFault(
    `there is no docs block \`${name}\``,
    nearest
      ? `did you mean \`${nearest}\`?`
      : `write {% docs ${name} %} … {% enddocs %} in a .md file`,
  );
}

function twice(block: DocsBlock, other: DocsBlock): UserError {
  const at: Place = other.place;
  return new UserError(`docs block \`${block.name}\` is defined twice`, {
    where: block.place,
    hint: `the other one is at ${at.path}:${at.line}; rename one of them`,
  });
}
