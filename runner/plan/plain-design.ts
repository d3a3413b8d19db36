import type { PhysicalDesign } from '../compile/design.ts';

/** The design of a node whose config says nothing. */
export const plainDesign: PhysicalDesign = {
  isUnlogged: false,
  storageParameters: undefined,
  tablespace: undefined,
  partitioning: undefined,
  statistics: [],
  statisticsTargets: {},
  columnStorage: {},
  columnCompression: {},
  analyze: true,
  fill: 'create_as',
  afterCreate: [],
  preHooks: [],
  postHooks: [],
  sqlHeader: undefined,
  grants: undefined,
  contract: undefined,
};
