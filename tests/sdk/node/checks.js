// What every check needs: counting them, comparing, and the mock's own account of tokens.

import assert from "node:assert/strict";
import { parseArgs } from "node:util";

export const DIALECTS = ["chat", "responses", "messages", "gemini", "converse"];
export const WEATHER = {
  type: "object",
  properties: { city: { type: "string", description: "The city" } },
  required: ["city"],
};
export const NOTHING = { type: "object", properties: {} };
export const TOOLS = [["get_weather", WEATHER], ["current_time", NOTHING]];
export const SIGNS_THOUGHTS = ["responses", "messages", "gemini", "converse"];
export const HELLO = "Good morning! Tell me something about gateways.";
export const ONE_CITY = "What is the weather in Paris?";
export const TWO_CITIES = "What is the weather in Paris and in London?";
export const CLOCK = "Please call the tool current_time.";
export const PARIS = { name: "get_weather", input: { city: "Paris" } };
export const LONDON = { name: "get_weather", input: { city: "London" } };
export const TIME = { name: "current_time", input: {} };

export const options = parseArgs({
  options: {
    "base-url": { type: "string" },
    stats: { type: "string" },
    key: { type: "string" },
  },
}).values;
export const base = options["base-url"];

let passed = 0;
let failed = 0;

export async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    const text = String(error.message).replaceAll(/\s+/g, " ").slice(0, 400);
    console.log(`FAIL ${name}: ${error.name}: ${text}`);
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

async function stats() {
  return (await fetch(`${options.stats}/__stats`)).json();
}

async function account() {
  const { prompt_tokens, completion_tokens } = await stats();
  return [prompt_tokens, completion_tokens];
}

/** What a call gives, in which the mock must find so often what it had signed. */
export async function proven(times, call) {
  const before = (await stats()).proofs;
  const reply = await call();
  assert.equal((await stats()).proofs - before, times, "proofs that came back");
  return reply;
}

/** What a call gives, whose usage must be the mock's own account of it. */
export async function counted(call) {
  const before = await account();
  const reply = await call();
  const after = await account();
  const truth = [after[0] - before[0], after[1] - before[1]];
  assert.deepEqual(reply.usage, truth, "(prompt, completion) and the mock's count");
  return reply;
}

/** The error that a call must fail with. */
export async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("was not refused");
}
