#!/usr/bin/env bash
# The vendors' own programs for the command line, unmodified, through the gateway: Claude Code, Codex
# and Gemini CLI, each on models of providers of all five dialects. They bring their own prompts and
# tools; the model is a double, which calls a tool where it is offered some.
#
# GATEWAY_CLI_MODULES is the folder whose `node_modules` has them. Nothing but loopback is asked.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="${GATEWAY_CLI_MODULES:?the folder with the node_modules of the programs}/node_modules/.bin"
source tests/sdk/started.sh

dialects=(chat responses messages gemini converse)
start mock "$gateway" mock model --listen 127.0.0.1:0
cat >"$work/gateway.yaml" <<YAML
listen: 127.0.0.1:0
admin: 127.0.0.1:0
observe: { access_log: { format: json, to: $work/access.log } }
routes:
  ai:
    match: "/{*rest}"
    layers: { api_key: { keys: [cli] } }
    ai:
      providers:
        chat:      { kind: openai, base_url: "http://$address/v1", keys: [mock] }
        responses: { kind: openai, base_url: "http://$address/v1", keys: [mock], dialects: [responses] }
        messages:  { kind: anthropic, base_url: "http://$address/v1", keys: [mock] }
        gemini:    { kind: gemini, base_url: "http://$address/v1beta", keys: [mock] }
        converse:  { kind: bedrock, base_url: "http://$address", region: us-east-1, access_key_id: mock, secret_access_key: mock }
      models:
$(for dialect in "${dialects[@]}"; do echo "        on-$dialect: [$dialect/mock-small]"; done)
YAML
start gateway "$gateway" run "$work/gateway.yaml"

export HOME="$work/home" NO_COLOR=1
mkdir -p "$HOME/.codex" "$HOME/.gemini" "$work/empty"
cat >"$HOME/.codex/config.toml" <<TOML
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "http://$address/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
TOML
cat >"$HOME/.gemini/settings.json" <<'JSON'
{ "security": { "auth": { "selectedType": "gemini-api-key" } }, "privacy": { "usageStatisticsEnabled": false } }
JSON

ask() { # program, model
    case $1 in
        claude-code)
            ANTHROPIC_BASE_URL="http://$address" ANTHROPIC_API_KEY=cli ANTHROPIC_SMALL_FAST_MODEL=$2 \
                CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 \
                "$bin/claude" -p "Say hello" --model "$2"
            ;;
        codex)
            GATEWAY_KEY=cli "$bin/codex" exec --skip-git-repo-check --model "$2" "Say hello"
            ;;
        gemini-cli)
            GEMINI_API_KEY=cli GOOGLE_GEMINI_BASE_URL="http://$address" \
                "$bin/gemini" --skip-trust --model "$2" -p "Say hello"
            ;;
    esac
}

# What the log says of the calls that were made since a line: the client, and each status.
calls() { # line
    tail -n "+$(($1 + 1))" "$work/access.log" | sed -nE 's/.*"status":([0-9]+).*"client":"([a-z-]+)".*/\2 \1/p' | sort -u
}

passed=0 failed=0
for program in claude-code codex gemini-cli; do
    for dialect in "${dialects[@]}"; do
        before=$(wc -l <"$work/access.log")
        said=$(cd "$work/empty" && ask "$program" "on-$dialect" </dev/null 2>"$work/err") && code=0 || code=$?
        # The log is written by a thread of its own.
        sleep 0.3
        logged=$(calls "$before")
        if [ "$code" -eq 0 ] && [ -n "$said" ] && [ "$logged" = "$program 200" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf '%s on %s: exit %s, logged %s, said %s\n' "$program" "$dialect" "$code" "$logged" "$said"
            tail -n 5 "$work/err"
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
