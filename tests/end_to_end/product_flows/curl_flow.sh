#!/usr/bin/env bash
# The quickstart with curl: quote, create, poll, results, artifact, report.

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${OB_API_KEY:?a key of the service, ob_live_…}"

export MANIFEST='{"sla_tier":"standard","routing_mode":"sla_aware","privacy_tier":"standard","allowed_regions":["global"],"items":[{"customer_item_id":"refund_letters_001","operation":"responses","model":"gpt-5.4-mini","model_options":["gpt-5.4-mini","gpt-5.4"],"input":{"input":[{"role":"user","content":"Draft a reply to the customer'\''s refund question in three sentences."}]}}]}'

quote=$(request "$BASE_URL/v1/quotes/model" \
  -X POST \
  -H "Authorization: Bearer $OB_API_KEY" \
  -H "Content-Type: application/json" \
  -d "$MANIFEST")
show quote "$quote"
quote_id=$(field .quote_id "$quote")

# The same manifest again, with the quote's id in front.
CREATE_PAYLOAD="{\"quote_id\":\"$quote_id\",${MANIFEST#\{}"
batch=$(request "$BASE_URL/v1/batches" \
  -X POST \
  -H "Authorization: Bearer $OB_API_KEY" \
  -H "Content-Type: application/json" \
  -H "Idempotency-Key: curl-flow-001" \
  -d "$CREATE_PAYLOAD")
show created "$batch"
batch_id=$(field .id "$batch")

while true; do
  batch=$(request "$BASE_URL/v1/batches/$batch_id?include_billing_receipt=true" \
    -H "Authorization: Bearer $OB_API_KEY")
  case $(field .status "$batch") in
    completed | failed | cancelled | expired) break ;;
  esac
  sleep "${POLL_SECONDS:-1}"
done
show finished "$batch"
if [[ $(field .status "$batch") != completed ]]; then exit 1; fi

results=$(request "$BASE_URL/v1/batches/$batch_id/results?limit=100" \
  -H "Authorization: Bearer $OB_API_KEY")
show results "$results"

artifact=$(request "$BASE_URL/v1/batches/$batch_id/artifact-url?kind=output" \
  -H "Authorization: Bearer $OB_API_KEY")
show artifact "$artifact"

# The address is signed: no key goes with it. One line a row.
request "$(field .url "$artifact")" | while IFS= read -r row; do show artifact_row "$row"; done

report=$(answer "$BASE_URL/v1/batches/optimization-report?import_provider=openai" \
  -H "Authorization: Bearer $OB_API_KEY")
show report "$report"
