#!/usr/bin/env bash
# The vendors' own SDKs, unmodified, through the gateway: each dialect against providers of each.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${GATEWAY_PYTHON:-python3}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/gateway-target}"

cargo build --quiet --locked -p gateway
gateway="$CARGO_TARGET_DIR/debug/gateway"
work=$(mktemp -d)
pids=()
# Ends what this script has started, and nothing else.
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT

start() { # name, command… : waits for `listening http://ADDR` and prints ADDR
    local name=$1
    shift
    "$@" >"$work/$name.out" 2>"$work/$name.err" &
    pids+=($!)
    for _ in $(seq 200); do
        if grep -qm1 '^listening http://' "$work/$name.out"; then
            address=$(sed -nE 's|^listening http://(.*)|\1|p' "$work/$name.out" | head -n 1)
            return
        fi
        sleep 0.1
    done
    echo "$name did not start:" >&2
    cat "$work/$name.err" >&2
    exit 1
}

start mock "$gateway" mock model --listen 127.0.0.1:0
mock=$address
cat >"$work/gateway.yaml" <<YAML
listen: 127.0.0.1:0
admin: 127.0.0.1:0
routes:
  ai:
    match: "/{*rest}"
    layers: { api_key: { keys: [sdk] } }
    ai:
      providers:
        openai:    { base_url: "http://$mock/v1", keys: [mock], dialects: [chat, responses] }
        anthropic: { base_url: "http://$mock/v1", keys: [mock] }
      models:
        on-openai:    [openai/mock-small]
        on-anthropic: [anthropic/mock-small]
YAML
start gateway "$gateway" run "$work/gateway.yaml"

passed=0 failed=0
for dialect in openai responses anthropic; do
    for model in on-openai on-anthropic; do
        echo "== $dialect SDK, $model"
        out=$("$python" tests/sdk/sdk_square.py --base-url "http://$address" --dialect "$dialect" \
            --model "$model" --provider "${model#on-}" --key sdk --stats "http://$mock" 2>&1) || true
        echo "$out" | sed '$d'
        line=$(echo "$out" | tail -n 1)
        if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
            passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
        else
            echo "$line"
            failed=$((failed + 1))
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
