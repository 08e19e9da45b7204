// A headless chromium for the tests, driven over stdin: one question a line, one answer a line, as
// JSON. The python beside it knows the console; this knows browsers.
"use strict";
const readline = require("readline");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser;
let context;
let page;
let status = 0;
let complaints = [];

async function fresh({ width = 1280, dark = false, paper = false, user, password, script = true }) {
  if (context) await context.close();
  context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    httpCredentials: user === undefined ? undefined : { username: user, password },
    javaScriptEnabled: script,
    bypassCSP: false,
  });
  page = await context.newPage();
  if (paper) await page.emulateMedia({ media: "print" });
  page.setDefaultTimeout(60000);
  complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("response", (response) => {
    if (response.request().isNavigationRequest()) status = response.status();
  });
  return {};
}

async function seen() {
  return {
    status,
    url: page.url(),
    title: await page.title(),
    html: await page.content(),
    text: await page.evaluate(() => document.body.innerText),
    focused: await page.evaluate(() => {
      const at = document.activeElement;
      return at === document.body ? "" : `${at.tagName.toLowerCase()} ${at.name || at.textContent}`.trim();
    }),
    fields: await page.evaluate(() => Object.fromEntries(
      [...document.querySelectorAll("form input:not([type=hidden]), form select")]
        .map((field) => [field.name, field.value]))),
    wider: await page.evaluate(() =>
      document.documentElement.scrollWidth - document.documentElement.clientWidth),
    complaints,
  };
}

// Does what leads to another page, and waits until that is there.
async function lead(act) {
  await Promise.all([page.waitForEvent("load"), act()]);
  return seen();
}

const operations = {
  fresh,
  async open({ url }) {
    await page.goto(url);
    return seen();
  },
  async submit({ action, fields }) {
    const form = page.locator(`form[action="${action}"]`).first();
    for (const [name, value] of Object.entries(fields)) {
      const field = form.locator(`[name="${name}"]`);
      if (await field.evaluate((element) => element.tagName === "SELECT")) {
        await field.selectOption(value);
      } else {
        await field.evaluate((element) => element.removeAttribute("maxlength"));
        await field.fill(value);
      }
    }
    return lead(() => form.locator("button").click());
  },
  async click({ text }) {
    return lead(() => page.getByRole("link", { name: text, exact: false }).first().click());
  },
  async back() {
    return lead(() => page.goBack());
  },
  // Enter leads to another page, here.
  async press({ keys }) {
    for (const key of keys) {
      if (key === "Enter") await lead(() => page.keyboard.press(key));
      else if (key.length > 1 && !/^[A-Z][A-Za-z+]*$/.test(key)) await page.keyboard.type(key);
      else await page.keyboard.press(key);
    }
    return seen();
  },
  // How many of these somebody sees; how large their letters are.
  async visible({ selector }) {
    return { count: await page.evaluate((wanted) => [...document.querySelectorAll(wanted)]
      .filter((one) => one.getBoundingClientRect().width > 1
        && getComputedStyle(one.closest("thead") || one).clipPath === "none").length, selector) };
  },
  async sizes({ selector }) {
    return { sizes: await page.evaluate((wanted) => [...document.querySelectorAll(wanted)]
      .map((one) => one.getBoundingClientRect().height), selector) };
  },
  async unfold() {
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
    return {};
  },
  async picture({ path }) {
    await page.screenshot({ path, fullPage: true });
    return {};
  },
  async accessible() {
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => globalThis.axe.run());
    return {
      violations: found.violations.map((one) =>
        `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`),
    };
  },
};

async function main() {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      const question = JSON.parse(line);
      answer = await operations[question.op](question);
    } catch (error) {
      answer = { error: String(error && error.stack) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  await browser.close();
}

main();
