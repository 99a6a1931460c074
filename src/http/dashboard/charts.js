// The charts, drawn as SVG to the width that there is. Each tells nothing that is not beside it in words or in a table.

const SVG = "http://www.w3.org/2000/svg";

function node(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function canvas(place) {
  const width = Math.max(place.clientWidth, 120);
  const height = Math.max(place.clientHeight, 80);
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
  place.replaceChildren(svg);
  return { svg, width, height };
}

// The next of 1, 2, 5, 10, 20 … that holds `most` in at most `steps` steps.
function step(most, steps) {
  const rough = Math.max(most / steps, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
}

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function scale(svg, { left, right, top, bottom }, most) {
  const size = step(most, 3);
  const ceiling = Math.max(Math.ceil(most / size), 1) * size;
  const y = (value) => bottom - ((bottom - top) * value) / ceiling;
  for (let value = 0; value <= ceiling; value += size) {
    svg.append(node("line", { class: value ? "grid" : "axis", x1: left, x2: right, y1: y(value), y2: y(value) }));
    svg.append(node("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, short.format(value)));
  }
  return y;
}

// Labels below, where there are any, as many as fit; the end is now.
function along(svg, labels, x, bottom) {
  const room = 52;
  const end = x(labels.length);
  svg.append(node("text", { x: end, y: bottom + 16, "text-anchor": "end" }, "now"));
  const named = labels.map((label, index) => [label, x(index)]).filter(([label]) => label);
  const apart = named.length > 1 ? named[1][1] - named[0][1] : end;
  const every = Math.max(1, Math.ceil(room / apart));
  for (const [label, at] of named.filter((_, index) => index % every === 0)) {
    if (end - at < room) continue;
    svg.append(node("line", { class: "axis", x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    svg.append(node("text", { x: at, y: bottom + 16, "text-anchor": at - x(0) < room / 2 ? "start" : "middle" }, label));
  }
}

/** Stacked bars: `counts` is a list of lists, one number for each class of `kinds`; the last bar is not over. */
export function bars(place, counts, labels, kinds) {
  const { svg, width, height } = canvas(place);
  const box = { left: 34, right: width - 1, top: 8, bottom: height - 24 };
  const most = Math.max(1, ...counts.map((count) => count.reduce((sum, part) => sum + part, 0)));
  const y = scale(svg, box, most);
  const room = (box.right - box.left) / counts.length;
  const gap = room > 6 ? Math.min(3, room / 4) : room > 3 ? 1 : 0;
  const x = (index) => box.left + index * room;
  counts.forEach((count, index) => {
    let under = 0;
    count.forEach((part, kind) => {
      if (!part) return;
      const [high, low] = [y(under + part), y(under)];
      const open = index === counts.length - 1 ? " open" : "";
      const size = { x: x(index) + gap / 2, width: Math.max(room - gap, 0.8), y: Math.min(high, low - 1.5) };
      svg.append(node("rect", { class: kinds[kind] + open, ...size, height: Math.max(low - high, 1.5) }));
      under += part;
    });
  });
  along(svg, labels, x, box.bottom);
}

/** Two sums over time, one behind the other: points of {seeded, arrived}. */
export function course(place, points, labels) {
  const { svg, width, height } = canvas(place);
  const box = { left: 40, right: width - 1, top: 8, bottom: height - 24 };
  const y = scale(svg, box, Math.max(1, ...points.map((point) => Math.max(point.seeded, point.arrived))));
  const room = (box.right - box.left) / points.length;
  const x = (index) => box.left + index * room;
  for (const kind of ["seeded", "arrived"]) {
    // A sum holds from the end of its step; the course begins with nothing.
    const path = points.map((point, index) => `L${x(index + 1).toFixed(1)} ${y(point[kind]).toFixed(1)}`).join("");
    const begin = `M${box.left} ${y(0)}`;
    svg.append(node("path", { class: `area ${kind}`, d: `${begin}${path}L${box.right} ${y(0)}Z` }));
    svg.append(node("path", { class: `line ${kind}`, d: begin + path }));
  }
  along(svg, labels, x, box.bottom);
}

/** How many took how long, on a logarithmic scale from a tenth of a millisecond to ten seconds, against two limits. */
export function latency(place, { buckets, p50, p95, p99 }, deadline, patience) {
  const { svg, width, height } = canvas(place);
  const box = { left: 6, right: width - 6, top: 34, bottom: height - 28 };
  const [least, most] = [2, 7];
  const x = (micros) => {
    const power = Math.min(Math.max(Math.log10(Math.max(micros, 1)), least), most);
    return box.left + ((box.right - box.left) * (power - least)) / (most - least);
  };
  svg.append(node("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
  for (const [micros, label] of [[1e3, "1 ms"], [1e4, "10 ms"], [1e5, "100 ms"], [1e6, "1 s"]]) {
    svg.append(node("line", { class: "grid", x1: x(micros), x2: x(micros), y1: box.top, y2: box.bottom }));
    svg.append(node("text", { x: x(micros), y: box.bottom + 22, "text-anchor": "middle" }, label));
  }
  const columns = new Map();
  const of = (micros) => Math.floor(Math.log10(Math.max(micros, 1)) * 8);
  for (const [upper, count] of buckets) columns.set(of(upper * 0.94), (columns.get(of(upper * 0.94)) ?? 0) + count);
  const highest = Math.max(1, ...columns.values());
  for (const [column, count] of columns) {
    const [from, to] = [x(10 ** (column / 8)), x(10 ** ((column + 1) / 8))];
    const high = Math.max(((box.bottom - box.top) * count) / highest, 2);
    const kind = 10 ** (column / 8) >= deadline ? "unavailable" : "verified";
    svg.append(node("rect", { class: kind, x: from + 0.5, width: Math.max(to - from - 1, 1), y: box.bottom - high, height: high }));
  }
  const limit = (micros, kind, label, row) => {
    svg.append(node("line", { class: kind, x1: x(micros), x2: x(micros), y1: row - 9, y2: box.bottom }));
    svg.append(node("text", { class: `${kind}-text`, x: x(micros) - 5, y: row, "text-anchor": "end" }, label));
  };
  limit(patience, "limit", `Okta gives up at ${seconds(patience)}`, 11);
  limit(deadline, "deadline", `answered by ${seconds(deadline)}`, 26);
  for (const micros of [p50, p95, p99].filter(Boolean)) {
    svg.append(node("path", { class: "strong", d: `M${x(micros) - 4} ${box.bottom + 7}h8l-4 -7z` }));
  }
}

/** Microseconds in words: 840 µs, 12 ms, 2.5 s. */
export function seconds(micros) {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 9950) return `${Number((micros / 1000).toPrecision(2))} ms`;
  if (micros < 999_500) return `${Math.round(micros / 1000)} ms`;
  return `${Number((micros / 1e6).toPrecision(2))} s`;
}
