// Root hooks: what must hold after every test of every suite.

import assert from 'node:assert/strict';
import type { RootHookObject } from 'mocha';
import { countLentClients } from '../../core/database.ts';

let lentBefore = 0;

/** Fails the test after which more database connections are lent than before it. */
export const mochaHooks: RootHookObject = {
  beforeEach() {
    lentBefore = countLentClients();
  },
  afterEach() {
    const kept = countLentClients() - lentBefore;
    assert.ok(kept <= 0, `the test left ${kept} database connections lent`);
  },
};
