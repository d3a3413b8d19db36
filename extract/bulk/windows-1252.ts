// The code points of Windows-1252 for bytes 0x80 to 0x9F, from the WHATWG Encoding Standard
// (https://encoding.spec.whatwg.org/index-windows-1252.txt, read November 2026). A table of our own,
// because some versions of Node decode `windows-1252` as Latin-1.
const upperControls = [
  0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152,
  0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122,
  0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
];

/** Returns Windows-1252 text as UTF-8; every byte has a meaning, so it never fails. */
export function windows1252ToUtf8(bytes: Uint8Array): Buffer {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(upperControls[byte - 0x80] ?? byte);
  }
  return Buffer.from(text, 'utf8');
}
