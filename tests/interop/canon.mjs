// Canonical JSON from RFC 8785's own definition, by this JavaScript engine: members sorted by UTF-16 code units,
// which is how JavaScript compares strings, and scalars as JSON.stringify writes them.
//   canon.mjs generate COUNT INPUT WANTED    COUNT random documents a line each, and what they come to
export function canonical(v) {
  if (Array.isArray(v)) return `[${v.map(canonical).join(',')}]`;
  if (v === null || typeof v !== 'object') return JSON.stringify(v);
  return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(',')}}`;
}

let state = 0x2545f491;
const random = (n) => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % n;
};
const bits = new DataView(new ArrayBuffer(8));
function real() {
  for (;;) {
    bits.setUint32(0, random(2 ** 32)); bits.setUint32(4, random(4) ? random(2 ** 32) : 0);
    if (random(3) === 0) bits.setUint32(0, (bits.getUint32(0) & 0x800fffff) | ((1023 - 80 + random(160)) << 20));
    if (random(8) === 0) { bits.setUint32(0, bits.getUint32(0) & 0xfff00000); bits.setUint32(4, 0); }
    const v = bits.getFloat64(0);
    // What is written without a point is read as an integer, of which only the exact ones are taken.
    if (Number.isFinite(v) && !(Number.isInteger(v) && Math.abs(v) > Number.MAX_SAFE_INTEGER)) return v;
  }
}
const pools = [[0x20, 0x5f], [0x01, 0x1f], [0x7f, 0x80], [0x100, 0x600], [0xd7a0, 0x5f], [0xe000, 0x1fff], [0x10000, 0xfffff]];
function text() {
  let s = '';
  for (let n = random(8); n > 0; n--) {
    const [from, size] = pools[random(pools.length)];
    s += String.fromCodePoint(from + random(size));
  }
  return s;
}
function value(depth) {
  switch (random(depth > 0 ? 9 : 6)) {
    case 0: return text();
    case 1: return real();
    case 2: return random(2 ** 32) - 2 ** 31;
    case 3: return (random(2) ? 1 : -1) * (Number.MAX_SAFE_INTEGER - random(5));
    case 4: return [true, false, null][random(3)];
    case 5: return random(1000) / [1, 3, 7, 10, 1000, 1e7][random(6)];
    case 6: return Array.from({ length: random(5) }, () => value(depth - 1));
    // Not an object literal: "__proto__" is a name like any other.
    default: return Object.fromEntries(Array.from({ length: random(9) }, () => [text(), value(depth - 1)]));
  }
}
const escaped = (c) => [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
// The same value in another form: escapes for some characters, an exponent for some numbers, spaces.
function spelled(v) {
  const space = () => ['', '', ' ', '\t'][random(4)];
  if (typeof v === 'string')
    return JSON.stringify(v).replace(/[^"\\\u0000-\u001f]/gu, (c) => (random(6) || /[bfnrtu/0-9A-Fa-f]/.test(c) ? c : escaped(c)));
  if (typeof v === 'number') return Number.isInteger(v) || random(2) ? JSON.stringify(v) : v.toExponential(20);
  if (Array.isArray(v)) return `[${space()}${v.map(spelled).join(`${space()},${space()}`)}${space()}]`;
  if (v === null || typeof v !== 'object') return JSON.stringify(v);
  return `{${space()}${Object.keys(v).map((k) => `${spelled(k)}${space()}:${space()}${spelled(v[k])}`).join(',')}${space()}}`;
}

if (process.argv[2] === 'generate') {
  const { writeFileSync } = await import('node:fs');
  const values = Array.from({ length: Number(process.argv[3]) }, () => [value(4)]);
  writeFileSync(process.argv[4], values.map((v) => `${spelled(v)}\n`).join(''));
  writeFileSync(process.argv[5], values.map((v) => `${canonical(v)}\n`).join(''));
}
