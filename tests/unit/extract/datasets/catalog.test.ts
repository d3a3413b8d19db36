import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  checkCycle,
  datasets,
  fileName,
  findDatasets,
  memberName,
} from '../../../../extract/datasets/catalog.ts';
import { faultsOf } from '../../../support/faults.ts';

const sample = fileURLToPath(new URL('../../../../extract/sample/2019-03-17/', import.meta.url));

const csvs = fileURLToPath(new URL('../../../fixtures/fec/csv/', import.meta.url));

describe('extract/datasets/catalog', () => {
  it('knows the ten files of the sample, and the five CSVs that the FEC does not pack', () => {
    const namesOf = (format: string) =>
      datasets
        .filter((dataset) => dataset.format === format)
        .map((dataset) => fileName(dataset, 2020))
        .sort();
    assert.deepEqual(
      namesOf('pipe'),
      readdirSync(sample)
        .filter((name) => name.endsWith('.zip'))
        .sort(),
    );
    assert.deepEqual(namesOf('csv'), [
      'CommunicationCosts_2020.csv',
      'ElectioneeringComm_2020.csv',
      'candidate_summary_2020.csv',
      'committee_summary_2020.csv',
      'independent_expenditure_2020.csv',
    ]);
  });

  for (const dataset of datasets) {
    describe(dataset.name, () => {
      const header = join(sample, `${dataset.name}_header_file.csv`);
      if (existsSync(header)) {
        it("has the columns of the FEC's header file, in its order", () => {
          assert.equal(
            dataset.columns.map((column) => column.fecName).join(','),
            readFileSync(header, 'utf8').trim(),
          );
        });
      }

      it('documents the file and every column', () => {
        const texts = [dataset.description, ...dataset.columns.map((column) => column.doc)];
        for (const text of texts) assert.match(text, /^[A-Z].*\.$|^FEC.*\.$/s);
        assert.match(
          dataset.sourceUrl,
          /^https:\/\/www\.fec\.gov\/campaign-finance-data\/.*-file-description\/$/,
        );
        for (const column of dataset.columns) {
          assert.equal(column.name, column.fecName.toLowerCase());
          assert.match(column.type, /^(VARCHAR2\(\d+\)|NUMBER\(\d+(,\d+)?\)|DATE)$/);
        }
      });

      it('has a key among its columns and no column twice', () => {
        const names = dataset.columns.map((column) => column.name);
        assert.equal(new Set(names).size, names.length);
        assert.ok(dataset.key.length > 0 && dataset.key.every((name) => names.includes(name)));
        assert.equal(dataset.table, `fec_${dataset.name}`);
      });
    });
  }

  // The FEC ships no header file for these: the counts of its documentation pages.
  it('has the number of columns that the FEC documents for the summaries', () => {
    const count = (name: string) => findDatasets([name])[0]?.columns.length;
    assert.deepEqual([count('weball'), count('webl'), count('webk')], [30, 30, 27]);
  });

  it('has the columns of the headers that the CSVs have, in their order', () => {
    for (const dataset of datasets.filter(({ format }) => format === 'csv')) {
      const [header] = readFileSync(join(csvs, fileName(dataset, 2020)), 'utf8').split('\n');
      // The communication costs have a comma after their last name.
      const names = header?.replace(/,$/, '').split(',');
      assert.deepEqual(
        dataset.columns.map(({ fecName }) => fecName),
        names,
      );
    }
  });

  it('names the zip and the member of a cycle', () => {
    const names = (cycle: number) =>
      findDatasets(['indiv', 'webk']).map((dataset) => [
        fileName(dataset, cycle),
        memberName(dataset, cycle),
      ]);
    assert.deepEqual(names(2020), [
      ['webk20.zip', 'webk20.txt'],
      ['indiv20.zip', 'itcont.txt'],
    ]);
    assert.deepEqual(names(2000), [
      ['webk00.zip', 'webk00.txt'],
      ['indiv00.zip', 'itcont.txt'],
    ]);
  });

  it('proposes the nearest name for an unknown dataset', () => {
    assert.deepEqual(
      faultsOf(() => findDatasets(['indv', 'cm', 'zebra'])),
      [
        '--dataset: there is no dataset `indv` (did you mean `indiv`?)',
        '--dataset: there is no dataset `zebra` (choose from cm, cn, ccl, weball, webl, webk, candidate_summary, committee_summary, independent_expenditure, electioneering, communication_costs, indiv, oth, pas2, oppexp)',
      ],
    );
  });

  it('takes even years from 1980 and proposes the cycle of an odd year', () => {
    for (const cycle of [1980, 2020, 2078]) checkCycle(cycle);
    assert.match(
      faultsOf(() => checkCycle(2019))[0] ?? '',
      /`2019` is not a cycle .*use `--cycle 2020`/,
    );
    assert.match(faultsOf(() => checkCycle(1979))[0] ?? '', /use `--cycle 1980`/);
    for (const cycle of [20, 1978, 2080, Number.NaN, 2020.5, -2020]) {
      assert.match(faultsOf(() => checkCycle(cycle))[0] ?? '', /give the even year/);
    }
  });
});
