import { fileName, memberName } from '../../datasets/catalog.ts';
import type { Dataset } from '../../datasets/types.ts';
import type { RemoteFile, Version } from './types.ts';

/** Returns where the FEC has the file of a dataset and cycle: `<base>/2020/indiv20.zip`. */
export function remoteFile(
  baseUrl: string,
  dataset: Dataset,
  cycle: number,
  loaded?: Version,
): RemoteFile {
  const name = fileName(dataset, cycle);
  const isZip = name.endsWith('.zip');
  return {
    url: `${baseUrl}/${cycle}/${name}`,
    name,
    member: isZip ? memberName(dataset, cycle) : undefined,
    loaded,
  };
}
