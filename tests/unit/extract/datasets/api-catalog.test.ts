import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { pageUrl } from '../../../../extract/api/request.ts';
import {
  apiDatasets,
  findApiDatasets,
  parseScope,
  parseScopes,
  scopeName,
  states,
} from '../../../../extract/datasets/api-catalog.ts';
import { faultsOf } from '../../../support/faults.ts';

const specification = z
  .record(
    z.string(),
    z.object({
      parameters: z.array(z.string()),
      fields: z.array(z.string()),
      pagination: z.string(),
    }),
  )
  .parse(
    JSON.parse(
      readFileSync(new URL('../../../fixtures/openfec/endpoints.json', import.meta.url), 'utf8'),
    ),
  );
const entityTypes = ['presidential', 'pac', 'party', 'pac-party', 'house-senate', 'ie-only'];

describe('extract/datasets/api-catalog', () => {
  for (const dataset of apiDatasets) {
    describe(dataset.name, () => {
      const specified = dataset.paths.map((path) => {
        const entity = /^\/totals\/([a-z-]+)\/$/.exec(path)?.[1];
        assert.ok(entity === undefined || entityTypes.includes(entity), path);
        return specification[entity === undefined ? path : '/totals/{entity_type}/'];
      });

      it('asks with parameters that the API knows: it passes over all others', () => {
        for (const endpoint of specified) {
          const cursor =
            dataset.paging.kind === 'seek'
              ? { last_index: '1', sort_null_only: 'true', [`last_${dataset.paging.sort}`]: '2' }
              : null;
          const filters = [dataset.state, dataset.committee, undefined];
          for (const filter of filters) {
            const request = {
              baseUrl: 'http://x/v1',
              dataset,
              cycle: 2026,
              filter: filter && { param: filter.param, value: 'V' },
            };
            const part = { path: dataset.paths[0] ?? '', from: '2026-01-01', to: '2026-01-02' };
            const asked = new URL(pageUrl(request, part, cursor)).searchParams;
            for (const name of asked.keys()) assert.ok(endpoint?.parameters.includes(name), name);
          }
        }
      });

      it('takes columns, key, sort and clock from fields that the API has', () => {
        for (const endpoint of specified) {
          const names = [
            ...dataset.columns.map(({ name }) => name),
            dataset.key,
            dataset.paging.sort,
          ];
          const used = [
            ...names,
            dataset.clock?.column,
            dataset.state?.column,
            dataset.committee?.column,
          ];
          for (const name of used) {
            assert.ok(name === undefined || endpoint?.fields.includes(name), name);
          }
          const seeks = endpoint?.pagination === 'SeekInfo';
          assert.equal(dataset.paging.kind, seeks ? 'seek' : 'page');
        }
        for (const name of [
          dataset.key,
          dataset.clock?.column,
          dataset.state?.column,
          dataset.committee?.column,
        ]) {
          assert.ok(
            name === undefined || dataset.columns.some((column) => column.name === name),
            name,
          );
        }
      });

      it('documents the table and every column', () => {
        const texts = [dataset.description, ...dataset.columns.map(({ doc }) => doc)];
        for (const text of texts) assert.match(text, /^[A-Z].*\.$/);
        assert.equal(dataset.table, `api_${dataset.name}`);
      });
    });
  }

  it('names the nearest dataset for one that is unknown', () => {
    assert.deepEqual(
      faultsOf(() => findApiDatasets(['schedule_x', 'candidates'])),
      ['--dataset: the API has no dataset `schedule_x` (did you mean `schedule_a`?)'],
    );
  });

  it('knows fifty states and DC', () => {
    assert.equal(new Set(states).size, 51);
    assert.ok(states.includes('DC') && !states.includes('PR'));
  });

  it('reads scopes as they are written, and writes them so that they can be read again', () => {
    const given = { states: ['md', 'VA', 'md'], allStates: false, committees: ['c00401224'] };
    const scopes = parseScopes(given);
    assert.deepEqual(scopes.map(scopeName), ['state:MD', 'state:VA', 'committee:C00401224']);
    assert.deepEqual(scopes.map(scopeName).map(parseScope), scopes);
    const none = { states: [], allStates: false, committees: [] };
    assert.deepEqual(parseScopes(none), [{ kind: 'national' }]);
    assert.equal(parseScopes({ ...none, allStates: true }).length, 51);
  });

  it('refuses what is no state or committee', () => {
    const given = { states: ['PR'], allStates: false, committees: ['C1'] };
    assert.deepEqual(
      faultsOf(() => parseScopes(given)).map((fault) => fault.split(' (')[0]),
      ['--state: `PR` is not a state', '--committee: `C1` is not a committee'],
    );
  });
});
