# Sourced by the flows beside it.
set -euo pipefail

: "${BASE_URL:?where the service is, such as http://127.0.0.1:8080}"

# request CURL_ARGUMENT…: the body of the answer; a refusal is shown and ends the flow.
request() {
  local body
  if ! body=$(curl -sS --fail-with-body "$@"); then
    printf '%s\n' "$body" >&2
    return 1
  fi
  printf '%s\n' "$body"
}

# answer CURL_ARGUMENT…: the body of the answer, a refusal too: plain curl, as the documents have it.
answer() {
  curl -sS "$@"
}

# show STEP ANSWER: one line, step and compact JSON.
show() {
  printf '%s\t%s\n' "$1" "$(jq --compact-output . <<<"$2")"
}

field() {
  jq --raw-output --exit-status "$1" <<<"$2"
}
