/**
 * Characters that have no place in a name and can do harm: control characters (terminal escapes), direction overrides, lone
 * surrogates and the two non-characters that XML forbids.
 */
const harmful = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** Text from outside as one line that a terminal may print. */
export function printable(text: string): string {
  return text.toWellFormed().replace(harmful, '\ufffd');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text from outside for HTML or SVG: element content and quoted attributes alike. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!);
}
