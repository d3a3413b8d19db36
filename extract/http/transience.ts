// What of HTTP another try may mend: the one place that decides it for files and for the API.

/** Faults of the network that another try does not mend. */
const lastingCodes: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Tells whether a fault of the network stays: a wrong host, a certificate that is not to be trusted. */
export function isLastingCode(code: string | undefined): boolean {
  return code !== undefined && lastingCodes.has(code);
}

/** Tells whether the same request may be answered otherwise later. */
export function isTransientStatus(status: number): boolean {
  return [408, 425, 429].includes(status) || status >= 500;
}

/** Reads `Retry-After`: seconds or an HTTP date; undefined for anything else. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** Says what the network or a stream reports, without addresses that may hold secrets. */
export function networkReason(
  error: unknown,
  code: string | undefined,
  show: (url: string) => string,
): string {
  const said = error instanceof Error ? error.message : String(error);
  return (said || code || 'no reason given').replace(/\w+:\/\/\S+/g, show);
}
