// Makes a screenshot small enough for a document: a PNG of 24 or 32 bits a pixel becomes one of 256 colours at most.

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = 8;

function chunks(png) {
  const found = [];
  for (let at = SIGNATURE; at < png.length; ) {
    const size = png.readUInt32BE(at);
    found.push([png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + size)]);
    at += size + 12;
  }
  return found;
}

/** The pixels of an 8-bit PNG that is not interlaced, as RGB (PNG specification, 9.2: filter types). */
function pixels(png) {
  const all = chunks(png);
  const [, head] = all.find(([name]) => name === "IHDR");
  const [width, height, kind] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9]];
  const step = { 2: 3, 6: 4 }[kind];
  const data = inflateSync(Buffer.concat(all.filter(([name]) => name === "IDAT").map(([, part]) => part)));
  const line = width * step;
  const plain = Buffer.alloc(line * height);
  for (let row = 0; row < height; row += 1) {
    const filter = data[row * (line + 1)];
    for (let index = 0; index < line; index += 1) {
      const at = row * line + index;
      const left = index >= step ? plain[at - step] : 0;
      const above = row ? plain[at - line] : 0;
      const corner = row && index >= step ? plain[at - line - step] : 0;
      const guess = left + above - corner;
      const near = [left, above, corner].reduce((best, value) => (Math.abs(guess - value) < Math.abs(guess - best) ? value : best));
      plain[at] = data[row * (line + 1) + 1 + index] + [0, left, above, (left + above) >> 1, near][filter];
    }
  }
  return { width, height, step, plain };
}

/** As the PNG specification has it (annex D); Node.js has one of its own only since 20. */
function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([size, body, sum]);
}

/** Squared distance between two colours that look the same. */
const ALIKE = 150;

/** The same picture with 256 colours, the commonest of those that differ; others become the nearest of these. */
export function small(png) {
  const { width, height, step, plain } = pixels(png);
  const counts = new Map();
  const colour = (at) => (plain[at] << 16) | (plain[at + 1] << 8) | plain[at + 2];
  for (let at = 0; at < plain.length; at += step) counts.set(colour(at), (counts.get(colour(at)) ?? 0) + 1);
  const parts = (value) => [value >> 16, (value >> 8) & 255, value & 255];
  const away = (one, other) => parts(one).reduce((sum, part, index) => sum + (part - parts(other)[index]) ** 2, 0);
  const palette = [];
  for (const [value] of [...counts].sort((one, other) => other[1] - one[1])) {
    if (palette.length < 256 && palette.every((other) => away(value, other) > ALIKE)) palette.push(value);
  }
  const places = new Map();
  for (const value of counts.keys()) {
    places.set(value, palette.reduce((best, other, index) => (away(value, other) < away(value, palette[best]) ? index : best), 0));
  }
  const rows = Buffer.alloc((width + 1) * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    rows[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] = places.get(colour(pixel * step));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const list = [chunk("IHDR", head), chunk("PLTE", Buffer.from(palette.flatMap(parts))), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([png.subarray(0, SIGNATURE), ...list]);
}
