// The quickstart with fetch: quote, create, poll, results. Prints what was quoted, then the results as JSON.
const BASE_URL = process.env.BASE_URL ?? "http://127.0.0.1:8080";
const API_KEY = process.env.BATCHROUTER_API_KEY ?? "ob_live_your_api_key";
const POLL_MILLISECONDS = Number(process.env.POLL_MILLISECONDS ?? 1_000);

const manifest = {
  sla_tier: "standard",
  routing_mode: "sla_aware",
  privacy_tier: "standard",
  allowed_regions: ["global"],
  webhook: {
    url: process.env.WEBHOOK_URL ?? "https://example.com/batchrouter/webhook",
    secret: "whsec_replace_with_real_secret"
  },
  items: [
    {
      customer_item_id: "dispute_triage_001",
      operation: "responses",
      model: "gpt-5.4-mini",
      model_options: ["gpt-5.4-mini", "gpt-5.4"],
      input: {
        input: [
          {
            role: "user",
            content: "Sort this week's card disputes by how soon they need an answer."
          }
        ]
      }
    }
  ]
};

async function batchrouter(path, options = {}) {
  const response = await fetch(`${BASE_URL}${path}`, {
    ...options,
    headers: {
      Authorization: `Bearer ${API_KEY}`,
      "Content-Type": "application/json",
      ...options.headers
    }
  });
  const body = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(body));
  return body;
}

const quote = await batchrouter("/v1/quotes/model", {
  method: "POST",
  body: JSON.stringify(manifest)
});

console.log("quoted", quote.pricing_estimate?.total ?? quote.pricingEstimate?.total);

const created = await batchrouter("/v1/batches", {
  method: "POST",
  headers: { "Idempotency-Key": "dispute-triage-" + new Date().toISOString().slice(0, 10) },
  body: JSON.stringify({ ...manifest, quote_id: quote.quote_id })
});

let batch = created.batch ?? created;
while (!["completed", "failed", "canceled", "expired"].includes(batch.state)) {
  await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  const status = await batchrouter(`/v1/batches/${batch.id}`, { method: "GET" });
  batch = status.batch ?? status;
}

if (batch.state !== "completed") {
  throw new Error(`Batch ended as ${batch.state}`);
}

const results = await batchrouter(`/v1/batches/${batch.id}/results`, { method: "GET" });
console.log(JSON.stringify(results));
