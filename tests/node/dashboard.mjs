// The dashboard in a real browser: what it shows is what the service says, it goes on by itself, it can be read and
// reached by everybody, and it asks nobody else. Started by tests/it/dashboard/browser.rs, which runs the service.
//
// The scene comes as JSON in the first argument. What only the test can do is asked for by a line on standard output
// that begins with "ask", and answered by a line of JSON on standard input.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";
import { small } from "./small-png.mjs";

const scene = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 60_000;
mkdirSync(scene.pictures, { recursive: true });

// The test ----------------------------------------------------------------------------------------------------------------

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  process.stdout.write(`ask ${what}\n`);
  const { value, done } = await answers.next();
  if (done) process.exit(1);
  return JSON.parse(value);
}

function said(words) {
  process.stdout.write(`ok ${words}\n`);
}

async function signIn(username, password) {
  const answer = await fetch(scene.hook, {
    method: "POST",
    headers: { authorization: scene.secret, "content-type": "application/json" },
    body: JSON.stringify({
      eventType: "com.okta.user.credential.password.import",
      data: { context: { credential: { username, password } } },
    }),
  });
  return answer.status;
}

// The browser -------------------------------------------------------------------------------------------------------------

const root = process.getuid?.() === 0;
const browser = await puppeteer.launch({
  executablePath: scene.chromium,
  pipe: true,
  args: [
    // Chromium's sandbox does not start for root, which build machines are.
    ...(root ? ["--no-sandbox"] : []),
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  ],
});

/** A page that keeps what a reader would not see: errors, violations of the policy, and whom it asked. */
async function open(url, width = 1280, height = 900) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width, height });
  const seen = { errors: [], asked: new Set() };
  page.on("console", (message) => message.type() === "error" && seen.errors.push(`${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.asked.add(new URL(request.url()).origin));
  await page.evaluateOnNewDocument(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(event.violatedDirective));
  });
  await page.goto(url);
  return { page, seen };
}

async function clean({ page, seen }, url) {
  assert.deepEqual(seen.errors, []);
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  assert.deepEqual([...seen.asked], [new URL(url).origin]);
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent.trim());
const count = async (page, selector) => Number((await text(page, selector)).replaceAll(",", ""));
const until = (page, condition, ...given) => page.waitForFunction(condition, {}, ...given);
const live = (page) => until(page, () => document.documentElement.dataset.at && !document.getElementById("progress-asof").textContent);

async function scheme(page, value) {
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
}

/** What a machine can find of what keeps people out. */
async function accessible(page, where) {
  // By the debugger's way, which the page's policy does not hold up.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations, passes } = await globalThis.axe.run(document, { runOnly: tags });
    const short = ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`;
    return { violations: violations.map(short), passes: passes.length };
  });
  assert.deepEqual(found.violations, [], where);
  assert.ok(found.passes > 10, `axe looked at ${where}`);
}

async function picture(page, name, options = {}) {
  await page.screenshot({ path: join(scene.pictures, `${name}.png`), fullPage: true, ...options });
}

/** Below 150 KB. */
async function forTheReadMe(page) {
  const file = small(Buffer.from(await page.screenshot({ fullPage: true })));
  assert.ok(file.length < 150_000, `${file.length} bytes`);
  writeFileSync(join(scene.pictures, "readme.png"), file);
}

async function fits(page, width, height = 800) {
  await page.setViewport({ width, height });
  const [scroll, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(scroll <= width, `${width} px wide, and ${scroll} px are needed`);
  assert.equal(inner, width);
  const outside = await page.evaluate(() => {
    const hidden = (element) => element.closest(".sr, .skip, .scroll, svg, [hidden], thead");
    const all = [...document.querySelectorAll("body *")].filter((element) => !hidden(element));
    return all.filter((element) => element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 80));
  });
  assert.deepEqual(outside, []);
}

// What is checked ---------------------------------------------------------------------------------------------------------

async function valuesAreTheService_s(page) {
  const state = await (await fetch(`${scene.url}/dashboard/state`)).json();
  const status = await ask("status");
  const { progress, formats, summary, course } = state.figures;
  for (const [key, users] of Object.entries(progress)) {
    if (key === "all" || (key === "skipped" && !users)) continue;
    assert.equal(await count(page, `#progress-${key}`), users, key);
  }
  const { begun, ...told } = status;
  assert.equal(begun, true);
  assert.deepEqual(told.users, summary.users);
  assert.deepEqual(told.seeded, summary.seeded);
  assert.deepEqual(told.schemes, summary.schemes);
  const byStatus = (state) => told.users.filter((of) => of.state === state).reduce((sum, of) => sum + of.users, 0);
  assert.equal(await count(page, "#progress-verified"), byStatus("verified"));
  assert.equal(await count(page, "#progress-confirmed"), byStatus("confirmed"));
  const rows = await page.$$eval("#formats-table tbody tr", (rows) =>
    rows.map((row) => ({ scheme: row.dataset.scheme, source: row.dataset.source, cells: [...row.querySelectorAll("td")].map((cell) => cell.textContent.trim().replaceAll(",", "")) })),
  );
  assert.deepEqual(rows.map(({ scheme }) => scheme), formats.map(({ scheme }) => scheme));
  for (const [index, format] of formats.entries()) {
    const { cells } = rows[index];
    assert.equal(Number(cells[0]), format.users);
    assert.equal(Number(cells[1]), format.verified);
    assert.equal(Number(cells[2].split(" ")[0]), format.wrong);
    if (format.mapping === "doubtful") assert.equal(cells[4], "Probably wrong");
  }
  const waiting = Object.values(course.waiting).reduce((sum, users) => sum + users, 0);
  assert.equal(await count(page, "#waiting-all"), waiting);
  assert.match(await text(page, "#progress-notes"), /^Import pass \d+ is under way, begun \d\d:\d\d/);
  const bars = await page.$$eval("#progress-bar > span", (parts) => parts.map((part) => part.getBoundingClientRect().width));
  assert.ok(bars.every((width) => width >= 2), String(bars));
  said("the values on the page are those of the service and of `keyferry status`");
}

async function updatesItself(page) {
  await page.evaluate(() => (globalThis.sameDocument = true));
  const before = { signIns: await count(page, "#signins-verified"), users: await count(page, "#progress-verified") };
  assert.equal(await signIn(...scene.newcomer), 200);
  await until(page, (verified) => Number(document.getElementById("signins-verified").textContent.replaceAll(",", "")) === verified, before.signIns + 1);
  await until(page, (verified) => Number(document.getElementById("progress-verified").textContent.replaceAll(",", "")) === verified, before.users + 1);
  await until(page, () => document.getElementById("latency-p99").textContent !== "");
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true);
  said("a sign-in shows without a reload");
}

async function reachedByKeyboard(page) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  assert.equal(await focused(), "Skip to the figures");
  assert.ok((await page.$eval(".skip", (link) => link.getBoundingClientRect().top)) >= 0, "the skip link shows");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  const order = [];
  while (order.at(-1) !== "/dashboard/state" && order.length < 20) {
    await page.keyboard.press("Tab");
    order.push(await focused());
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
    assert.notEqual(outline, "0px", `the focus shows on ${order.at(-1)}`);
  }
  const expected = ["Over time, as a table", "10 min", "1 hour", "24 hours", "Sign-ins, as a table", "/metrics", "/readyz", "/dashboard/state"];
  assert.deepEqual(order.filter((name) => expected.includes(name)), expected);
  await page.focus('[data-range="hour"]');
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.equal(await page.$eval('[data-range="day"]', (button) => button.getAttribute("aria-pressed")), "true");
  assert.match(await page.$eval("#signins-chart", (chart) => chart.getAttribute("aria-label")), /^Sign-ins in the last 24 hours: /);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.range), "day", "the focus stays");
  said("all can be reached by keyboard, and the focus shows");
}

async function tellsOfASource(page) {
  await ask("break source");
  assert.equal(await signIn(...scene.newcomer), 503);
  await until(page, () => document.getElementById("headline-words").textContent.startsWith("Look-ups in source shop fail since "));
  assert.equal(await page.$eval("#headline", (line) => line.dataset.level), "bad");
  assert.match(await text(page, "#problems-list"), /Look-ups in source shop fail/);
  await picture(page, "source-down");
  await accessible(page, "a source that is down");
  await ask("mend source");
  assert.equal(await signIn(...scene.newcomer), 200);
  await until(page, () => !document.getElementById("headline-words").textContent.startsWith("Look-ups"));
  said("a source that is down is told in words, and when it is back");
}

async function comesBack(opened) {
  const { page, seen } = opened;
  await ask("stop");
  await until(page, () => document.getElementById("headline-words").textContent === "Connection lost, trying again");
  await picture(page, "connection-lost");
  await ask("start");
  await until(page, () => !document.body.classList.contains("lost") && document.getElementById("headline-words").textContent !== "Connection lost, trying again");
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true);
  // What the browser itself says of the calls that nobody answered.
  seen.errors = seen.errors.filter((error) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/.test(error));
  said("the page says that the connection is lost, and recovers by itself");
}

async function full() {
  const opened = await open(scene.url);
  const { page } = opened;
  await scheme(page, "light");
  await live(page);
  await valuesAreTheService_s(page);
  await page.$eval('[data-range="day"]', (button) => button.click());
  await page.setViewport({ width: 1200, height: 900 });
  await picture(page, "light");
  await forTheReadMe(page);
  await accessible(page, "light");
  await scheme(page, "dark");
  await picture(page, "dark");
  await accessible(page, "dark");
  assert.equal(await page.$eval("body", (body) => getComputedStyle(body).backgroundColor), "rgb(14, 19, 24)");
  await scheme(page, "light");
  await page.$$eval("details", (all) => all.forEach((details) => (details.open = true)));
  await accessible(page, "with its tables");
  await page.$$eval("details", (all) => all.forEach((details) => (details.open = false)));
  said("axe finds nothing in light and dark");
  await fits(page, 360);
  await picture(page, "narrow");
  await accessible(page, "narrow");
  // 1280 px at 200 %.
  await fits(page, 640);
  await picture(page, "zoomed");
  await page.setViewport({ width: 1280, height: 900 });
  said("360 px and 200 % need no sideways scrolling");
  await reachedByKeyboard(page);
  await updatesItself(page);
  await tellsOfASource(page);
  await comesBack(opened);
  await clean(opened, scene.url);
  said("no error, no violation of the policy, nobody else asked");
  await page.close();
}

async function empty() {
  const opened = await open(scene.url);
  const { page } = opened;
  await scheme(page, "light");
  await live(page);
  assert.equal(await text(page, "#headline-words"), "All in order");
  assert.match(await text(page, "#progress-empty"), /keyferry import/);
  for (const part of ["progress", "signins", "latency", "formats", "waiting", "problems"]) {
    assert.equal(await page.$eval(`#${part}-empty`, (words) => words.hidden), false, part);
  }
  await picture(page, "empty");
  await accessible(page, "empty");
  await fits(page, 360);
  await clean(opened, scene.url);
  said("an empty page says what to do next");
}

async function guarded() {
  const opened = await open(scene.url);
  const { page, seen } = opened;
  await scheme(page, "light");
  assert.equal(await page.title(), "Sign in · keyferry");
  await accessible(page, "the sign-in");
  await picture(page, "sign-in");
  await fits(page, 360);
  const send = async (token) => {
    await page.type("#token", token);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  };
  await send("not the token at all");
  assert.match(await text(page, "[role=alert]"), /not the token/);
  await accessible(page, "a refused sign-in");
  await send(scene.token);
  await live(page);
  const [cookie] = await browser.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read it");
  // The browser says so of every 401.
  seen.errors = seen.errors.filter((error) => !error.includes("401 (Unauthorized)"));
  await clean(opened, scene.url);
  await Promise.all([page.waitForNavigation(), page.click("#sign-out button")]);
  assert.equal(await page.title(), "Sign in · keyferry");
  said("the token lets in, and out again");
}

try {
  await { full, empty, guarded }[scene.play]();
} finally {
  await browser.close();
}
process.exit(0);
