import assert from 'node:assert/strict';
import { resolvePackages } from '../../../../runner/packages/resolve-packages.ts';
import type { HubSpec, PackageSource } from '../../../../runner/packages/types.ts';

const hub = (name: string, ...versions: string[]): HubSpec => ({
  kind: 'hub',
  package: `o/${name}`,
  versions,
  allowsPrerelease: false,
});

/** A registry where `helper` 1.x asks for `deep` below 2. */
const source: PackageSource = {
  versionsOf: async () => ['1.0.0', '1.5.0', '2.0.0'],
  fetch: async (spec) => {
    const name = spec.kind === 'hub' ? (spec.package.split('/')[1] ?? '') : 'other';
    return { folder: '', name, packages: name === 'helper' ? [hub('deep', '<2.0.0')] : [] };
  },
};

const decided = async (...specs: HubSpec[]) => {
  const pinned = await resolvePackages(specs, 'shop', source);
  return pinned.map(({ spec }) => (spec.kind === 'hub' ? `${spec.package}@${spec.versions}` : ''));
};

describe('runner/packages/resolve-packages', () => {
  it('fetches what packages ask for in turn', async () => {
    assert.deepEqual(await decided(hub('helper', '1.0.0')), ['o/helper@1.0.0', 'o/deep@1.5.0']);
  });

  it('takes the newest version that suits all who ask', async () => {
    assert.deepEqual(await decided(hub('deep', '>=1.0.0'), hub('helper', '1.0.0')), [
      'o/deep@1.5.0',
      'o/helper@1.0.0',
    ]);
  });

  it('names all who ask where no version suits', async () => {
    await assert.rejects(decided(hub('deep', '2.0.0'), hub('helper', '1.0.0')), {
      message: 'no version of `o/deep` suits: asked for are `2.0.0` by shop, `<2.0.0` by helper',
    });
  });

  it('refuses a package that is named as the project', async () => {
    await assert.rejects(decided(hub('shop', '1.0.0')), {
      message: 'two packages are named `shop`: the project itself and o/shop@1.0.0',
    });
  });
});
