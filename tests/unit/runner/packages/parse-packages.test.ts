import assert from 'node:assert/strict';
import { parseYaml } from '../../../../core/yaml.ts';
import { parsePackages } from '../../../../runner/packages/parse-packages.ts';
import { faultsOf } from '../../../support/faults.ts';

const parse = (text: string) => {
  const yaml = parseYaml({ path: 'packages.yml', text });
  return parsePackages(yaml, yaml);
};

describe('runner/packages/parse-packages', () => {
  // Computed with dbt-core 1.10's own hash of these lists.
  it('hashes a list as dbt does', () => {
    assert.equal(
      parse('packages:\n- local: ../\n').sha1,
      'de2deba3d66ce03d8c02949013650cc9b94f6030',
    );
    const list = parse(`packages:
  - package: dbt-labs/dbt_utils
    version: 1.3.3
  - package: godatadriven/dbt_date
    version: 0.17.1
  - git: "https://github.com/dbt-labs/dbt-audit-helper.git"
    revision: main
`);
    assert.equal(list.sha1, '171c3fa545f8b4d5f61a4db225ecea560eac8932');
  });

  it('names the place of a version that is none', () => {
    assert.deepEqual(
      faultsOf(() => parse('packages:\n  - package: a/b\n    version: "~1.0"\n')),
      [
        'packages.yml:3:14: `~1.0` is not a version (write a version such as `1.3.0`, or a list such as `[">=1.0.0", "<2.0.0"]`)',
      ],
    );
  });
});
