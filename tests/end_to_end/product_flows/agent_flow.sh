#!/usr/bin/env bash
# An agent without a browser: from no account to a quote and a workflow run.
# agent_flow.sh EMAIL PASSWORD; reads the token of the verification mail from standard input.

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
email=${1:?EMAIL}
password=${2:?PASSWORD}

registered=$(request -X POST "$BASE_URL/v1/auth/agent-register" \
  -H "Content-Type: application/json" \
  -d "{\"agent_name\":\"ledger-agent\",\"email\":\"$email\",\"password\":\"$password\"}")
show registered "$registered"

IFS= read -r token
verified=$(request -X POST "$BASE_URL/v1/auth/verify-email/confirm" \
  -H "Content-Type: application/json" \
  -d "{\"token\":\"$token\"}")
show verified "$verified"
session_token=$(field .session_token "$verified")

created=$(request -X POST "$BASE_URL/v1/auth/account/api-keys" \
  -H "Authorization: Bearer $session_token" \
  -H "Content-Type: application/json" \
  -d '{"label":"ledger-agent-key"}')
show api_key "$created"
# The secret is shown once; shorter strings that start alike are its public prefix.
key=$(jq --raw-output '[.. | strings | select(startswith("ob_live_"))] | max_by(length)' <<<"$created")

quote=$(request -X POST "$BASE_URL/v1/quotes/model" \
  -H "Authorization: Bearer $key" \
  -H "Content-Type: application/json" \
  -d '{"models":["gpt-4o-mini"],"routing_mode":"cheapest","estimated_items":1000}')
show quote "$quote"
field .quote_id "$quote" >/dev/null

run=$(answer -X POST "$BASE_URL/v1/workflows/agent-main-thread/runs" \
  -H "Authorization: Bearer $key" \
  -H "Content-Type: application/json" \
  -d "{
    \"input\": { \"messages\": [ { \"role\": \"user\", \"content\": \"Which invoices are overdue?\" } ] },
    \"webhook\": { \"url\": \"${WEBHOOK_URL:-https://agent.example.com/hook}\" }
  }")
show run "$run"
