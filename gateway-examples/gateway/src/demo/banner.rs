//! Commands to copy.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::parts::Demo;

/// The banner of a demo whose gateway listens at `gateway` and `admin`.
///
/// Each command needs nothing but curl, and does what the line above it says.
#[must_use]
pub fn banner(demo: &Demo, gateway: SocketAddr, admin: SocketAddr) -> String {
    let mut text = String::from(INTRODUCTION);
    for (at, (what, command)) in commands(demo, gateway, admin).into_iter().enumerate() {
        let _ = write!(text, "\n{:>2}  {what}\n    {command}\n", at + 1);
    }
    text
}

/// What each command shows, and the command.
pub(super) fn commands(
    demo: &Demo,
    gateway: SocketAddr,
    admin: SocketAddr,
) -> Vec<(&'static str, String)> {
    let mut commands = rest(&demo.idp_url(), gateway);
    commands.extend(ai(&demo.openai_url(), gateway));
    commands.push((
        "Metrics, and what is running",
        format!("curl -s http://{admin}/metrics"),
    ));
    commands
}

fn rest(idp: &str, gateway: SocketAddr) -> Vec<(&'static str, String)> {
    let token = format!("$(curl -s {idp}/token -d sub=alice -d aud=shop)");
    let loop_of = "for i in 1 2 3 4; do";
    vec![
        (
            "Proxied and balanced over three replicas, one of them flaky: see x-replica",
            format!("curl -i http://{gateway}/shop/items"),
        ),
        (
            "Refused with 401: orders need a token",
            format!("curl -i http://{gateway}/shop/orders/1"),
        ),
        (
            "Answered: the same with a token of the demo's identity provider",
            format!("curl -i http://{gateway}/shop/orders/1 -H \"Authorization: Bearer {token}\""),
        ),
        (
            "Three a minute, then 429 with Retry-After",
            format!(
                "{loop_of} curl -s -o /dev/null -w '%{{http_code}}\\n' \
                 http://{gateway}/shop/echo/limited; done"
            ),
        ),
        (
            "A miss, then a hit: see Cache-Status and Age",
            format!(
                "for i in 1 2; do curl -s -o /dev/null -D - http://{gateway}/shop/cache/30; done"
            ),
        ),
        (
            "Rewritten both ways: see x-added-by in the echo, x-transformed and the note in the answer",
            format!("curl -i http://{gateway}/shop/echo/transformed"),
        ),
    ]
}

fn ai(openai: &str, gateway: SocketAddr) -> Vec<(&'static str, String)> {
    let chat = |model: &str, more: &str| {
        format!(
            "curl -i http://{gateway}/v1/chat/completions -H 'Authorization: Bearer demo' \
             -H 'content-type: application/json' \
             -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello!\"}}]{more}}}'"
        )
    };
    let messages = format!(
        "curl -i http://{gateway}/v1/messages -H 'x-api-key: demo' -H 'anthropic-version: \
         2023-06-01' -H 'content-type: application/json' \
         -d '{{\"model\":\"fast\",\"max_tokens\":200,\"messages\":[{{\"role\":\"user\",\"content\":\"Hello!\"}}]}}'"
    );
    vec![
        (
            "Chat in OpenAI's dialect; `smart` answers from Anthropic's first",
            chat("smart", ""),
        ),
        (
            "Chat in Anthropic's dialect; `fast` answers from OpenAI's first",
            messages,
        ),
        (
            "The same as a stream",
            chat("fast", ",\"stream\":true").replace("curl -i", "curl -iN"),
        ),
        (
            "Break OpenAI once …",
            format!("curl -s {openai}/__fault -d 'status=500,times=1'"),
        ),
        (
            "… and the next call falls back: see x-gateway-attempts and x-gateway-fallback",
            chat("fast", ""),
        ),
        (
            "A prompt published as an endpoint of its own",
            format!(
                "curl -i http://{gateway}/summarize -H 'Authorization: Bearer demo' \
                 -H 'content-type: application/json' -d '{{\"text\":\"A gateway is a door.\"}}'"
            ),
        ),
    ]
}

const INTRODUCTION: &str = "\
The demo is running: a shop of three replicas, an identity provider and two model providers, all of
them mocks on this machine. No keys, no network, no files. Try, in another terminal:
";
