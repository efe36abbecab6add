# To be sourced: builds the gateway, and starts what ends with the script that sources it.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/gateway-target}"
cargo build --quiet --locked -p gateway
gateway="$CARGO_TARGET_DIR/debug/gateway"
work=$(mktemp -d)
pids=()
# Ends what this script has started, and nothing else.
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT

start() { # name, command… : waits for `listening http://ADDR` and sets `address` to ADDR
    local name=$1
    shift
    "$@" >"$work/$name.out" 2>"$work/$name.err" &
    pids+=($!)
    for _ in $(seq 200); do
        address=$(sed -nE 's|^listening http://(.*)|\1|p' "$work/$name.out" | head -n 1)
        [ -n "$address" ] && return
        sleep 0.1
    done
    echo "$name did not start:" >&2
    cat "$work/$name.err" >&2
    exit 1
}
