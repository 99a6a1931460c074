// Shows the state that the service sends, and keeps the page as it is where nothing has changed: a reader's place, the
// focus and what a screen reader has heard stay. Text goes in as text, never as markup.

import { bars, course, latency, seconds } from "/dashboard-charts.js";

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

let state = null;
let range = "hour";
let received = 0;
const shown = new Map();

/** Does it only where `value` differs from the last time. */
function once(what, value, show) {
  const text = JSON.stringify(value);
  if (shown.get(what) === text) return;
  shown.set(what, text);
  show(value);
}

function set(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

function show(id, visible) {
  $(id).hidden = !visible;
}

/** An element with attributes and children; a child that is a text stays a text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const counted = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;

/** A share in percent, where neither nobody is 0 % nor somebody 100 %. */
function percent(part, all) {
  if (!all) return "0 %";
  const share = (part / all) * 100;
  if (part && share < 1) return "under 1 %";
  if (part < all && share > 99) return "over 99 %";
  return `${Math.round(share)} %`;
}

/** A moment: the time alone where it is today. */
function moment(at) {
  const date = new Date(at);
  const today = new Date().toDateString() === date.toDateString();
  return today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

const WORDS = { good: "Good", unknown: "Not known yet", warning: "Attention", bad: "Failing" };

function chip(level, words) {
  return make("span", { class: "chip", "data-level": level }, make("span", { class: "dot", "aria-hidden": "true" }), words);
}

// The parts of the page ------------------------------------------------------------------------------------------------

function headline({ level, words, since }) {
  $("headline").dataset.level = level;
  set("headline-words", since ? `${words} since ${moment(since)}` : words);
  document.title = level === "good" ? "keyferry" : `${words} · keyferry`;
}

const STATES = [
  ["confirmed", "confirmed", "Confirmed"],
  ["verified", "verified", "Verified"],
  ["seeded_hash", "hash", "Seeded by hash"],
  ["seeded_hook", "hook", "Hook, not signed in"],
  ["pending", "pending", "Pending"],
  ["rejected", "rejected", "Rejected"],
  ["skipped", "skipped", "Left as they were"],
];

function progress(figures, ledger) {
  const of = figures?.progress;
  show("progress-empty", Boolean(of) && !of.all);
  show("progress-full", Boolean(of?.all));
  const old = ledger.stale && ledger.read_at;
  set("progress-asof", old ? `The ledger is away: figures of ${exact.format(ledger.read_at)}` : of ? "" : "Reading the ledger");
  if (!of?.all) return;
  const there = of.seeded_hash + of.verified + of.confirmed;
  set("progress-share", percent(there, of.all));
  set("progress-lead", `${number.format(there)} of ${counted(of.all, "user")} have their password in Okta`);
  once("progress", of, () => {
    const parts = STATES.filter(([key]) => of[key]);
    $("progress-bar").setAttribute("aria-label", parts.map(([key, , words]) => `${words}: ${number.format(of[key])}`).join(", "));
    $("progress-bar").replaceChildren(
      ...parts.map(([key, kind]) => {
        const part = make("span", { class: kind });
        part.style.flexGrow = of[key] / of.all;
        return part;
      }),
    );
    $("progress-legend").replaceChildren(
      ...STATES.filter(([key]) => of[key] || key !== "skipped").map(([key, kind, words]) =>
        make("li", {}, make("span", { class: "quiet" }, make("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), words), make("b", { id: `progress-${key}` }, number.format(of[key]))),
      ),
    );
  });
  notes(figures);
  over(figures.course);
}

function notes({ summary, seeded_a_minute: pace }) {
  const lines = summary.passes.map((pass) => {
    const whom = pass.shard === "0/1" ? "" : ` of shard ${pass.shard}`;
    const begun = pass.begun_at ? `, begun ${moment(Date.parse(pass.begun_at))}` : "";
    const rate = pace === null ? "" : pace ? `; ${counted(pace, "user")} a minute` : "; nobody was sent while this page looked";
    return `Import pass ${pass.number}${whom} is under way${begun}${rate}`;
  });
  const line = (count, words) => count && lines.push(`${counted(count, "user")} ${words}`);
  line(summary.unfinished, "sent without an answer: the next keyferry import looks them up in Okta");
  line(summary.resets.started, "with a reset begun: keyferry stragglers --reset asks again");
  line(summary.rolling_back, "in a rollback that has not ended: run keyferry rollback again");
  once("notes", lines, () => $("progress-notes").replaceChildren(...lines.map((words) => make("li", {}, words))));
}

function over({ step, points }) {
  const hours = step < 86_400_000;
  const label = ({ at }) => (hours ? clock.format(at) : day.format(at));
  const begin = points.length ? (hours ? moment : (at) => day.format(at))(points[0].at) : "now";
  set("course-words", `${hours ? "by the hour" : "by the day"}, since ${begin}`);
  once("course", [points, $("course-chart").clientWidth], () => {
    const last = points.at(-1) ?? { seeded: 0, arrived: 0 };
    const words = `Since ${begin}: ${counted(last.seeded, "user")} in Okta, ${number.format(last.arrived)} signed in`;
    $("course-chart").setAttribute("aria-label", words);
    course($("course-chart"), points, points.map(label));
    const rows = points.map((point) => {
      const end = new Date(Math.min(point.at + step, Date.now()));
      const until = hours ? moment(end.getTime()) : day.format(point.at);
      return make("tr", {}, make("th", { scope: "row" }, until), cell(point.seeded), cell(point.arrived));
    });
    $("course-table").tBodies[0].replaceChildren(...rows.reverse());
  });
}

const cell = (count) => make("td", { class: "number" }, number.format(count));

/** What is said of each range, and how far two times on its axis are apart, in minutes. */
const RANGES = {
  live: ["the last 10 minutes", "One bar is 10 seconds", 1],
  hour: ["the last hour", "One bar is one minute", 10],
  day: ["the last 24 hours", "One bar is 15 minutes", 180],
};

/** Whether a time, as the reader's clock has it, is one for the axis. */
function round(at) {
  const date = new Date(at);
  const minute = date.getHours() * 60 + date.getMinutes();
  return date.getSeconds() === 0 && minute % RANGES[range][2] === 0;
}

function signIns(all) {
  const { step_s: step, last_at: last, counts } = all[range];
  const sums = [0, 1, 2].map((kind) => counts.reduce((sum, count) => sum + count[kind], 0));
  const [verified, rejected, unavailable] = sums;
  set("signins-verified", number.format(verified));
  set("signins-rejected", number.format(rejected));
  set("signins-unavailable", number.format(unavailable));
  set("signins-minute", number.format(all.minute.reduce((sum, count) => sum + count, 0)));
  const [time, bar] = RANGES[range];
  const any = [all.live, all.hour, all.day].some((series) => series.counts.some((count) => count.some(Boolean)));
  show("signins-empty", !any);
  show("signins-full", any);
  show("signins-ranges", any);
  if (!any) return;
  set("signins-words", `${bar}; the last one is not over. Rejected are wrong passwords, names that no source knows, and users who may not sign in.`);
  once("signins", [range, last, counts, $("signins-chart").clientWidth], () => {
    const words = `Sign-ins in ${time}: ${number.format(verified)} verified, ${number.format(rejected)} rejected, ${number.format(unavailable)} unavailable`;
    $("signins-chart").setAttribute("aria-label", words);
    const from = counts.map((_, index) => last - (counts.length - 1 - index) * step * 1000);
    bars($("signins-chart"), counts, from.map((at) => (round(at) ? clock.format(at) : "")), ["verified", "wrong", "unavailable"]);
    const rows = counts.map((count, index) => [count, from[index]]).filter(([count]) => count.some(Boolean));
    const format = range === "live" ? exact : clock;
    $("signins-table").tBodies[0].replaceChildren(
      ...rows.reverse().map(([count, at]) => make("tr", {}, make("th", { scope: "row" }, format.format(at)), ...count.map(cell))),
    );
  });
}

function times(of, deadline, patience) {
  show("latency-empty", !of.decisions);
  show("latency-full", Boolean(of.decisions));
  if (!of.decisions) return;
  for (const share of ["p50", "p95", "p99"]) set(`latency-${share}`, seconds(of[share]));
  const room = Math.max(1, Math.floor((patience * 1000) / Math.max(of.p99, 1)));
  const words = of.p99 < patience * 1000 ? `99 % are ${room > 1 ? `more than ${number.format(room)} times` : ""} faster than Okta's ${patience / 1000} s.` : `Too slow for Okta's ${patience / 1000} s.`;
  set("latency-words", `${counted(of.decisions, "sign-in")}, the longest within ${seconds(of.longest)}. ${words} ▲ half, 95 % and 99 %.`);
  once("latency", [of, $("latency-chart").clientWidth], () => {
    $("latency-chart").setAttribute("aria-label", `Time to answer: half within ${seconds(of.p50)}, 95 % within ${seconds(of.p95)}, 99 % within ${seconds(of.p99)}; Okta gives up at ${patience / 1000} s`);
    latency($("latency-chart"), of, deadline * 1000, patience * 1000);
  });
}

const MAPPING = { proved: ["good", "Proved"], doubtful: ["bad", "Probably wrong"], open: ["unknown", "Not proved yet"] };

function formats(figures) {
  const list = figures?.formats ?? [];
  show("formats-empty", Boolean(figures) && !list.length);
  show("formats-table", list.length);
  const unknown = figures?.unknown_users ?? 0;
  const doubtful = list.some((format) => format.mapping === "doubtful");
  const notes = [
    doubtful ? "Probably wrong: nobody was ever verified, and several users were not. `keyferry verify --batch` proves a mapping." : "",
    unknown ? `${counted(unknown, "sign-in")} with names that no source knows.` : "",
  ];
  once("formats-note", notes, () => $("formats-note").replaceChildren(...code(notes.filter(Boolean).join(" "))));
  once("formats", list, () => $("formats-table").tBodies[0].replaceChildren(...list.map(format)));
}

/** What is known of a mapping, in words. */
function mapping(of) {
  if (of.mapping) return MAPPING[of.mapping];
  if (of.unreadable) return ["warning", "Unreadable values"];
  return ["unknown", of.users && of.by_hash === of.users ? "Okta has the hash" : "No sign-in yet"];
}

function format(of) {
  const rate = of.success_permille;
  const words = rate === null ? "no sign-in" : `${(rate / 10).toFixed(1)} %`;
  const meter = make("span", { class: "meter", "aria-hidden": "true" }, make("span"));
  meter.firstChild.style.width = `${(rate ?? 0) / 10}%`;
  const [level, verdict] = mapping(of);
  const unreadable = of.unreadable ? ` (${number.format(of.unreadable)} unreadable)` : "";
  const attributes = (label, kind) => ({ role: "cell", "data-label": label, class: kind });
  return make(
    "tr",
    { role: "row", class: of.mapping === "doubtful" ? "doubtful" : null, "data-scheme": of.scheme, "data-source": of.source },
    make("th", { role: "rowheader", scope: "row" }, make("b", {}, of.scheme || "(not recognised)"), make("span", { class: "quiet" }, of.source)),
    make("td", attributes("In Okta", "number"), number.format(of.users)),
    make("td", attributes("Verified", "number"), number.format(of.verified)),
    make("td", attributes("Wrong", "number"), number.format(of.wrong) + unreadable),
    make("td", attributes("Success", "number"), make("span", { class: "rate" }, rate === null ? null : meter, make("span", {}, words))),
    make("td", attributes("Mapping"), chip(level, verdict)),
  );
}

const AGES = [
  ["week", "under a week"],
  ["month", "1 to 4 weeks"],
  ["two_months", "4 to 8 weeks"],
  ["longer", "over 8 weeks"],
  ["unknown", "not noted"],
];

function waiting(figures) {
  const of = figures?.course.waiting;
  const all = of ? AGES.reduce((sum, [key]) => sum + of[key], 0) : 0;
  show("waiting-empty", Boolean(of) && !all);
  show("waiting-full", Boolean(all));
  if (!all) return;
  set("waiting-all", number.format(all));
  once("waiting", of, () => {
    const rows = AGES.filter(([key]) => of[key] || key !== "unknown").map(([key, words]) => {
      const meter = make("span", { class: "meter", "aria-hidden": "true" }, make("span"));
      meter.firstChild.style.width = `${(of[key] / all) * 100}%`;
      return make("tr", {}, make("th", { scope: "row" }, words), make("td", {}, make("div", { class: "row" }, meter, make("b", { id: `waiting-${key}` }, number.format(of[key])))));
    });
    $("waiting-table").tBodies[0].replaceChildren(...rows);
  });
}

function problems(list) {
  show("problems-empty", !list.length);
  once("problems", list, () => {
    $("problems-list").replaceChildren(
      ...list.map((of) => {
        const [first, last] = [moment(of.first_at), moment(of.last_at)];
        const over = first === last ? first : `${first} to ${last}`;
        const when = of.open ? (of.since ? `since ${moment(of.since)}` : "now") : over;
        const times = of.times > 1 ? `${number.format(of.times)} times, ` : "";
        return make(
          "li",
          { class: of.open ? null : "over" },
          of.open ? chip(of.level, of.level === "bad" ? "Failing" : "Now") : chip("unknown", "Over"),
          make("span", { class: "what" }, of.what),
          make("span", { class: "when" }, times + when),
          make("span", { class: "advice" }, ...code(of.advice)),
        );
      }),
    );
  });
}

/** What stands between backticks becomes code. */
function code(text) {
  return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

function sources(list, ledger) {
  const rows = list.map((of) => [`Source ${of.name}`, of.level, of.words, of.since, `${of.busy} of ${of.max} connections busy, ${of.idle} idle`]);
  const queue = `${number.format(ledger.queued)} waiting to be written${ledger.lost ? `, ${number.format(ledger.lost)} lost` : ""}`;
  rows.push(["Ledger", ledger.level, ledger.words, ledger.since, queue]);
  once("sources", rows, () => {
    $("sources-list").replaceChildren(
      ...rows.map(([name, level, words, since, more]) => {
        const fine = level === "good" || level === "unknown";
        const text = fine ? more : `${since ? `Since ${moment(since)}: ` : ""}${words}. ${more}`;
        return make("li", {}, make("b", {}, name), chip(level, level === "good" ? "Answers" : WORDS[level]), make("span", { class: "quiet" }, text));
      }),
    );
  });
}

function service(of) {
  const rows = [
    ["Verify threads busy", `${of.busy} of ${of.threads}`],
    ["Verifications waiting", number.format(of.waiting)],
    ["Calls in flight", number.format(of.in_flight)],
    ["Memory for argon2 and scrypt", `${number.format(Math.round(of.memory_used / 1048576))} MiB`],
  ];
  once("service", rows, () => $("service-list").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
}

function render() {
  if (!state) return;
  headline(state.headline);
  set("version", state.version);
  set("started", `Runs since ${moment(state.started_at)}.`);
  show("sign-out", state.sign_in);
  progress(state.figures, state.ledger);
  signIns(state.sign_ins);
  times(state.latency, state.deadline_ms, state.patience_ms);
  formats(state.figures);
  waiting(state.figures);
  problems(state.problems);
  sources(state.sources, state.ledger);
  service(state.service);
  document.documentElement.dataset.at = state.at;
}

// The connection -------------------------------------------------------------------------------------------------------

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 10_000;
const SILENCE = 30_000;
let stream = null;
let pause = FIRST_PAUSE;
let retry = null;

function alive() {
  received = Date.now();
  pause = FIRST_PAUSE;
  document.body.classList.remove("lost");
}

function connect() {
  stream = new EventSource("/dashboard/events");
  stream.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    alive();
    render();
    set("freshness", `Live, ${exact.format(received)}`);
  });
  stream.addEventListener("beat", () => {
    alive();
    if (state) headline(state.headline);
    set("freshness", `Live, ${exact.format(received)}`);
  });
  stream.addEventListener("error", lost);
}

function lost() {
  stream.close();
  clearTimeout(retry);
  document.body.classList.add("lost");
  $("headline").dataset.level = "warning";
  set("headline-words", "Connection lost, trying again");
  if (received) set("freshness", `Figures of ${exact.format(received)}`);
  retry = setTimeout(again, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

/** Asks before it listens again, since a stream does not say why it was refused. */
async function again() {
  try {
    const answer = await fetch("/dashboard/state", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    connect();
  } catch {
    lost();
  }
}

for (const button of document.querySelectorAll(".ranges button")) {
  button.addEventListener("click", () => {
    range = button.dataset.range;
    for (const other of document.querySelectorAll(".ranges button")) other.setAttribute("aria-pressed", String(other === button));
    render();
  });
}
for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", render);
new ResizeObserver(render).observe($("main"));
// A connection can also go without a word, as when a laptop sleeps.
setInterval(() => {
  if (stream?.readyState === EventSource.OPEN && received && Date.now() - received > SILENCE) lost();
}, 5000);
connect();
