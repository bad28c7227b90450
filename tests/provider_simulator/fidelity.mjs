// fidelity.mjs MODULES BASE_URL: drives the simulator with the vendors' own clients, as programs of their users would.
// Prints one JSON object: what each step gave. A step that threw gives {error: its class, status, …}.
import { createRequire } from "node:module";

const [modules, base] = process.argv.slice(2);
const load = createRequire(modules + "/");
const { default: OpenAI, toFile } = load("openai");
const { default: Anthropic } = load("@anthropic-ai/sdk");
const openai = new OpenAI({ baseURL: base + "/v1", apiKey: "sk-fidelity", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: base, apiKey: "sk-ant-fidelity", maxRetries: 0 });
const steps = {};

async function step(name, act) {
  try {
    steps[name] = await act();
  } catch (error) {
    steps[name] = { error: error.constructor.name, status: error.status ?? null, code: error.code ?? null, type: error.type ?? null,
                    requestID: error.requestID ?? null, message: error.message };
  }
  return steps[name];
}

async function control(name, body) {
  const answer = await fetch(`${base}/control/${name}`, { method: "POST", body: JSON.stringify(body ?? {}) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function until(look, done) {
  const deadline = Date.now() + 30000;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > deadline) throw new Error("still " + JSON.stringify(seen));
    await new Promise((later) => setTimeout(later, 20));
  }
}

const ask = (text) => [{ role: "user", content: text }];
const over = ["completed", "failed", "expired", "cancelled"];
const schema = { type: "object", required: ["name", "sizes", "ok"], additionalProperties: false, properties: {
  name: { type: "string" }, sizes: { type: "array", items: { type: "integer" } }, ok: { type: "boolean" }, kind: { enum: ["a", "b"] } } };

// OpenAI, calls

await step("chat", () => openai.chat.completions.create({ model: "gpt-5.4-mini", messages: ask("Reply with exactly: logistics") }));
await step("chat_json", () => openai.chat.completions.create({ model: "gpt-5.4-mini", messages: ask("Sizes?"),
  response_format: { type: "json_schema", json_schema: { name: "sizes", strict: true, schema } } }));
await step("chat_cut", () => openai.chat.completions.create({ model: "gpt-5.4-mini", messages: ask("A long story."), max_completion_tokens: 1 }));
await step("response", async () => {
  const response = await openai.responses.create({ model: "gpt-5.4-mini", input: "Reply with exactly: logistics", max_output_tokens: 64 });
  return { ...response, text: response.output_text, request: response._request_id };
});
await step("response_json", async () => (await openai.responses.create({ model: "gpt-5.4-mini", instructions: "Be brief.",
  input: [{ role: "user", content: [{ type: "input_text", text: "Sizes?" }] }], text: { format: { type: "json_schema", name: "sizes", schema } } })).output_text);
await step("embeddings", () => openai.embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] }));
await step("embeddings_float", () => openai.embeddings.create({ model: "text-embedding-3-small", input: "one", encoding_format: "float" }));
await step("models", async () => { const names = []; for await (const model of openai.models.list()) names.push(model.id); return names; });

// OpenAI, files and batches

const lines = [...Array(5).keys()].map((number) => JSON.stringify({ custom_id: `wi_${number}`, method: "POST", url: "/v1/chat/completions",
  body: { model: "gpt-5.4-mini", messages: ask(`Reply with exactly: answer ${number}`) } }));
const bad = JSON.stringify({ custom_id: "wi_bad", method: "POST", url: "/v1/chat/completions",
  body: { model: "gpt-5.4-mini", messages: ask("x"), temperature: 9 } });
const upload = async (text) => openai.files.create({ purpose: "batch", file: await toFile(Buffer.from(text), "unit.jsonl"),
  expires_after: { anchor: "created_at", seconds: 3600 } });
const file = await step("file", () => upload([...lines, bad].join("\n") + "\n"));
await step("file_content", async () => (await (await openai.files.content(file.id)).text()).trim().split("\n").length);
await step("file_get", () => openai.files.retrieve(file.id));
const create = (id) => openai.batches.create({ input_file_id: id, endpoint: "/v1/chat/completions", completion_window: "24h",
  metadata: { br_unit: "wu_7" }, output_expires_after: { anchor: "created_at", seconds: 3600 } });
const batch = await step("batch", () => create(file.id));
const ended = await step("batch_ended", () => until(() => openai.batches.retrieve(batch.id), (seen) => over.includes(seen.status)));
await step("batch_output", async () => (await (await openai.files.content(ended.output_file_id)).text()).trim().split("\n").map((line) => JSON.parse(line)));
await step("batch_errors", async () => (await (await openai.files.content(ended.error_file_id)).text()).trim().split("\n").map((line) => JSON.parse(line)));
await step("batch_cancel_late", () => openai.batches.cancel(batch.id));
await control("script", { settings: { batch_seconds: 600 } });
const long = await step("batch_long", () => create(file.id));
await step("batch_cancel", () => openai.batches.cancel(long.id));
await step("batch_cancelled", () => until(() => openai.batches.retrieve(long.id), (seen) => over.includes(seen.status)));
await control("script", { settings: { batch_seconds: 0.1 } });
const twice = await upload(lines[0] + "\n" + lines[0] + "\n");
const invalid = await step("batch_invalid", () => create(twice.id));
await step("batch_failed", () => until(() => openai.batches.retrieve(invalid.id), (seen) => over.includes(seen.status)));
await step("batch_list", async () => {
  const ids = [];
  for await (const one of openai.batches.list({ limit: 2 })) ids.push(one.id);
  return { ids, first: await openai.batches.list({ limit: 1 }), expected: [invalid.id, long.id, batch.id] };
});
await step("file_delete", () => openai.files.delete(file.id));
await step("file_gone", () => openai.files.retrieve(file.id));

// Anthropic

const message = (text, more) => ({ model: "claude-haiku-4-5", max_tokens: 64, messages: ask(text), ...more });
await step("message", async () => {
  const answer = await anthropic.messages.create(message("Reply with exactly: logistics", { system: "Be brief." }));
  return { ...answer, request: answer._request_id };
});
await step("message_json", async () => (await anthropic.messages.create(message("Sizes?", { output_config: { format: { type: "json_schema", schema } } }))).content[0].text);
await step("message_cut", () => anthropic.messages.create(message("A long story.", { max_tokens: 1 })));
const requests = [...Array(5).keys()].map((number) => ({ custom_id: `wi_${number}`, params: message(`Reply with exactly: answer ${number}`) }));
const several = await step("message_batch", () => anthropic.messages.batches.create({ requests: [...requests, { custom_id: "wi_bad", params: message("x", { max_tokens: 0 }) }] }));
await step("message_batch_ended", () => until(() => anthropic.messages.batches.retrieve(several.id), (seen) => seen.processing_status === "ended"));
await step("message_batch_results", async () => { const found = []; for await (const one of await anthropic.messages.batches.results(several.id)) found.push(one); return found; });
await control("script", { settings: { batch_seconds: 600 } });
const slow = await step("message_batch_long", () => anthropic.messages.batches.create({ requests }));
await step("message_batch_early", async () => { await anthropic.messages.batches.results(slow.id); return "results before the end"; });
await step("message_batch_cancel", () => anthropic.messages.batches.cancel(slow.id));
await step("message_batch_canceled", () => until(() => anthropic.messages.batches.retrieve(slow.id), (seen) => seen.processing_status === "ended"));
await step("message_batch_list", async () => {
  const ids = [];
  for await (const one of anthropic.messages.batches.list({ limit: 1 })) ids.push(one.id);
  return { ids, before: (await anthropic.messages.batches.list({ before_id: several.id })).data.map((one) => one.id), expected: [slow.id, several.id] };
});
await step("message_batch_delete", () => anthropic.messages.batches.delete(slow.id));
await step("message_batch_gone", () => anthropic.messages.batches.retrieve(slow.id));
await step("message_batch_bad_id", () => anthropic.messages.batches.create({ requests: [{ custom_id: "a b", params: message("x") }] }));
await step("message_models", async () => { const names = []; for await (const model of anthropic.models.list()) names.push(model.id); return names; });

// Errors: the class that the client makes of each

const chat = (client) => client.chat.completions.create({ model: "gpt-5.4-mini", messages: ask("hello") });
const say = (client) => client.messages.create(message("hello"));
for (const status of [400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 529]) {
  await control("script", { rules: [{ fault: { kind: "status", status } }] });
  await step(`openai_${status}`, () => chat(openai));
  await step(`anthropic_${status}`, () => say(anthropic));
}
const faults = {
  quota: { kind: "status", name: "insufficient_quota" }, spend: { kind: "status", name: "enforced_spend_limit" },
  reset: { kind: "reset" }, lost: { kind: "lost_answer" }, cut: { kind: "reset_mid_body" }, html: { kind: "html" }, hang: { kind: "hang" } };
for (const [name, fault] of Object.entries(faults)) {
  await control("script", { rules: [{ fault }] });
  const limited = { timeout: name === "hang" ? 300 : 60000 };
  await step(`openai_${name}`, () => chat(openai.withOptions(limited)));
  await step(`anthropic_${name}`, () => say(anthropic.withOptions(limited)));
}
await control("script", { rules: [], settings: { openai_keys: ["sk-other"], anthropic_keys: ["sk-other"], models: ["gpt-other"] } });
await step("openai_key", () => chat(openai));
await step("anthropic_key", () => say(anthropic));
await control("script", { settings: { openai_keys: null, anthropic_keys: null } });
await step("openai_model", () => chat(openai));
await step("anthropic_model", () => say(anthropic));

// Their retries: refused twice, then answered; a lost answer is asked for again, and paid for again

await control("reset");
await control("script", { rules: [{ match: { count: 2 }, fault: { kind: "status", status: 429, headers: { "retry-after": "0.01", "retry-after-ms": "10" } } }] });
await step("openai_retries", () => chat(openai.withOptions({ maxRetries: 2 })));
await control("script", { rules: [{ match: { count: 2 }, fault: { kind: "status", status: 529, headers: { "retry-after-ms": "10" } } }] });
await step("anthropic_retries", () => say(anthropic.withOptions({ maxRetries: 2 })));
await control("script", { rules: [{ fault: { kind: "status", status: 500, headers: { "x-should-retry": "false" } } }] });
await step("openai_no_retry", () => chat(openai.withOptions({ maxRetries: 2 })));
await control("script", { rules: [{ match: { nth: 1 }, fault: { kind: "lost_answer" } }] });
await step("anthropic_lost_twice", () => say(anthropic.withOptions({ maxRetries: 1 })));

console.log(JSON.stringify(steps));
