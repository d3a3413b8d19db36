// Which addresses a program may speak to, and how one is shown.

import { UserError } from '../../core/errors.ts';

/**
 * Checks an address that data are fetched from: https, or http to this machine, without credentials.
 * @throws {UserError} that shows no credentials.
 */
export function checkUrl(url: string, where: string, example: string): URL {
  const fault = urlFault(url);
  if (fault !== undefined) {
    throw new UserError(fault, { where, hint: `use an address of the form \`${example}\`` });
  }
  return new URL(url);
}

/** Says why an address may not be spoken to; undefined where it may. */
export function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'holds a user name or password';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:' && isLoopback(url.hostname)) return undefined;
  return `\`${url.protocol}//${url.host}\` is not https`;
}

/** Tells whether a host is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** Returns a URL as it may be shown: credentials and query can be secrets. */
export function bareUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return 'URL';
  }
}

/** Returns axios' setting of the proxy: HTTPS_PROXY and NO_PROXY, but this machine is reached directly. */
export function proxySetting(url: string): { readonly proxy?: false } {
  return isLoopback(new URL(url).hostname) ? { proxy: false } : {};
}
