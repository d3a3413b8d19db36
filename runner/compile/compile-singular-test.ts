// Singular tests: one `.sql` file, whose rows are what is wrong.

import { throwFaults, type UserError } from '../../core/errors.ts';
import { renderTemplate } from '../../core/template/render.ts';
import type { ParsedSingularTest } from '../project/types.ts';
import { compileTestQueries, type MakeQueries, testConfigFields } from './compile-test.ts';
import { resolveConfig } from './config.ts';
import { madeOnce, nodeValue } from './node-value.ts';
import { refusalsOf } from './refusals.ts';
import { captureKey, type Resolver } from './resolve.ts';
import type { Test } from './types.ts';

/** Compiles one singular test; undefined where it is disabled. */
export function compileSingularTest(
  resolver: Resolver,
  test: ParsedSingularTest,
  makeQueries: MakeQueries = compileTestQueries,
): Test | undefined {
  const captured = resolver.captured.get(captureKey(test));
  if (captured === undefined) return undefined;
  const faults: UserError[] = [];
  const report = resolver.facts.configReport?.(test.packageName);
  const config = resolveConfig('test', [...test.layers, captured.layer], faults, report);
  throwFaults(faults);
  if (config === undefined || config.enabled === false) return undefined;
  const { database, schema } = resolver.facts.inputs.target;
  const model = madeOnce(() => nodeValue({ ...test, database, schema, alias: test.name, config }));
  return {
    kind: 'test',
    testKind: 'singular',
    uniqueId: `test.${test.packageName}.${test.name}`,
    name: test.name,
    packageName: test.packageName,
    path: test.path,
    fqn: test.fqn,
    description: test.properties?.description ?? '',
    columns: [],
    testName: undefined,
    attachedTo: undefined,
    columnName: undefined,
    rawSql: test.rawSql,
    ...testConfigFields(resolver, test, config),
    refusals: refusalsOf(config, [...test.layers, captured.layer], test.path),
    ...makeQueries(resolver, {
      model,
      config,
      packageName: test.packageName,
      render: (scope) => ({ sql: renderTemplate(captured.template, scope) }),
    }),
  };
}
