#!/usr/bin/env bash
# The vendors' own SDKs, unmodified, through the gateway: each dialect against providers of each.
#
#   tests/sdk/run.sh               every client that is installed
#   tests/sdk/run.sh chat vercel   these
#
# GATEWAY_PYTHON is a Python that has the SDKs, GATEWAY_NODE a Node, and GATEWAY_NODE_MODULES the
# folder that holds the `node_modules` of package.json. What they lack is skipped and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${GATEWAY_PYTHON:-python3}
export PYTHONDONTWRITEBYTECODE=1
source tests/sdk/started.sh

providers() { # prefix, address of the mock
    cat <<YAML
        ${1}chat:      { kind: openai, base_url: "http://$2/v1", keys: [mock] }
        ${1}responses: { kind: openai, base_url: "http://$2/v1", keys: [mock], dialects: [responses] }
        ${1}messages:  { kind: anthropic, base_url: "http://$2/v1", keys: [mock] }
        ${1}gemini:    { kind: gemini, base_url: "http://$2/v1beta", keys: [mock] }
        ${1}converse:  { kind: bedrock, base_url: "http://$2", region: us-east-1, access_key_id: mock, secret_access_key: mock }
YAML
}

models() {
    for dialect in chat responses messages gemini converse; do
        echo "        on-$dialect: [$dialect/mock-small]"
        echo "        limited-$dialect: [limited-$dialect/mock-small]"
    done
    # How a model is told to think depends on which it is.
    cat <<'YAML'
        thinking-chat: [chat/mock-small]
        thinking-responses: [responses/o4-mini]
        thinking-messages: [messages/claude-sonnet-4-5]
        thinking-gemini: [gemini/gemini-2.5-flash]
        thinking-converse: [converse/anthropic.claude-sonnet-4-5-20250929-v1:0]
YAML
}

# One gateway with mocks of its own for each client, so that they can run side by side: usage is
# compared with the mocks' account.
serve() { # name; sets `plain`, `secure` and `mock`
    local limited
    start "$1-mock" "$gateway" mock model --listen 127.0.0.1:0
    mock="http://$address"
    start "$1-limited" "$gateway" mock model --listen 127.0.0.1:0 --fault status=429
    limited=$address
    cat >"$work/$1.yaml" <<YAML
listeners:
  plain: 127.0.0.1:0
  secure: { bind: "127.0.0.1:0", tls: { self_signed: [localhost, 127.0.0.1] } }
admin: 127.0.0.1:0
routes:
  ai:
    match: "/{*rest}"
    layers: { api_key: { keys: [sdk] } }
    ai:
      providers:
$(providers "" "${mock#http://}")
$(providers limited- "$limited")
      models:
$(models)
YAML
    start "$1-gateway" "$gateway" run "$work/$1.yaml"
    plain="http://$address"
    secure=$(sed -nE 's|^listening (https://.*)|\1|p' "$work/$1-gateway.out" | head -n 1)
}

running=()
client() { # name, command…
    local name=$1 url
    shift
    serve "$name"
    url=$plain
    # Amazon's SDK sends a bearer token over TLS only.
    [ "$name" != converse ] || url=$secure
    GATEWAY_SECURE_URL=$secure timeout 300 "$@" --base-url "$url" --stats "$mock" --key sdk >"$work/$name.log" 2>&1 &
    running+=("$name:$!")
}

python_client() { # name, module it needs, script and arguments…
    local name=$1 module=$2
    shift 2
    if ! wanted "$name"; then return; fi
    if ! "$python" -c "import $module" 2>/dev/null; then
        echo "SKIPPED: $name: no $module in $python"
        return
    fi
    client "$name" "$python" "$@"
}

node_client() { # name, script
    if ! wanted "$1"; then return; fi
    if [ ! -d "${GATEWAY_NODE_MODULES:-none}/node_modules" ]; then
        echo "SKIPPED: $1: no Node with the SDKs"
        return
    fi
    # Node looks for modules from where a script lies.
    cp tests/sdk/node/*.js* "$GATEWAY_NODE_MODULES/"
    client "$1" "${GATEWAY_NODE:-node}" "$GATEWAY_NODE_MODULES/$2"
}

only=("$@")
wanted() { [ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $1 "* ]]; }

for pair in chat:openai responses:openai messages:anthropic gemini:google.genai converse:boto3; do
    python_client "${pair%%:*}" "${pair#*:}" tests/sdk/square.py "${pair%%:*}"
done
python_client langchain "langchain_openai, langchain_anthropic, langchain_google_genai, langchain_aws" tests/sdk/langchain_square.py
python_client pydantic-ai pydantic_ai tests/sdk/pydantic_square.py
python_client sockets "openai, websockets" tests/sdk/sockets.py
node_client node square.js
node_client vercel vercel.js

passed=0 failed=0
for pair in "${running[@]}"; do
    name=${pair%%:*}
    echo "== $name"
    wait "${pair#*:}" || true
    sed '$d' "$work/$name.log"
    line=$(tail -n 1 "$work/$name.log")
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
        echo "$line"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
