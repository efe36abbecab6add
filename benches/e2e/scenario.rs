//! What is measured: loads, and the request that makes each of them at each peer.

use bytes::Bytes;
use gateway_benches::payloads;

use crate::load::{self, Pace};

/// One load on all peers.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    /// Events per answer: the unit of cost for streams.
    pub(crate) events: u64,
    pub(crate) call: Call,
}

#[derive(Debug)]
pub(crate) enum Call {
    Get {
        path: &'static str,
        headers: &'static str,
    },
    /// The gateway picks the upstream by `model`; a bare proxy by `bare_path`.
    Chat {
        model: &'static str,
        bare_path: Option<&'static str>,
        stream: bool,
    },
}

impl Call {
    /// The request for a peer; `None` for what only the gateway can do.
    pub(crate) fn request(&self, peer: &str) -> Option<Bytes> {
        match *self {
            Self::Get { path, headers } => Some(load::request("GET", path, headers, &Bytes::new())),
            Self::Chat {
                model,
                bare_path,
                stream,
            } => {
                let path = if peer == "gateway" {
                    payloads::CHAT_PATH
                } else {
                    bare_path?
                };
                let headers = "authorization: Bearer bench\r\ncontent-type: application/json\r\n";
                Some(load::request(
                    "POST",
                    path,
                    headers,
                    &payloads::chat_request(model, stream),
                ))
            }
        }
    }
}

const fn get(
    name: &'static str,
    title: &'static str,
    connections: usize,
    path: &'static str,
) -> Scenario {
    let call = Call::Get {
        path,
        headers: "x-api-key: bench\r\n",
    };
    Scenario {
        name,
        title,
        connections,
        pace: Pace::Closed,
        events: 1,
        call,
    }
}

const fn chat(
    name: &'static str,
    title: &'static str,
    connections: usize,
    model: &'static str,
    bare_path: Option<&'static str>,
) -> Scenario {
    let call = Call::Chat {
        model,
        bare_path,
        stream: false,
    };
    Scenario {
        name,
        title,
        connections,
        pace: Pace::Closed,
        events: 1,
        call,
    }
}

impl Scenario {
    const fn at(mut self, rate: u32) -> Self {
        self.pace = Pace::Open(rate);
        self
    }

    const fn streamed(mut self) -> Self {
        if let Call::Chat {
            model, bare_path, ..
        } = self.call
        {
            self.call = Call::Chat {
                model,
                bare_path,
                stream: true,
            };
        }
        self.events = 104;
        self
    }
}

const CHAT: Option<&str> = Some(payloads::CHAT_PATH);
const PACED: Option<&str> = Some("/paced/v1/chat/completions");
const OPENAI: &str = "openai/gpt-4o-mini";
const ANTHROPIC: &str = "anthropic/claude-haiku-4-5";

pub(crate) const SCENARIOS: &[Scenario] = &[
    get(
        "plain",
        "plain proxy, 13 bytes, saturated, 64 connections",
        64,
        "/plain",
    ),
    get("plain-4k", "plain proxy, 4,000 requests/s", 64, "/plain").at(4_000),
    get(
        "guarded",
        "API key, rate limit and header transform",
        64,
        "/guarded/plain",
    ),
    get("large", "64 KiB answers, 64 connections", 64, "/large"),
    get("conns", "2,048 connections, 13 bytes", 2_048, "/plain"),
    chat(
        "chat",
        "chat completion, OpenAI to OpenAI",
        64,
        OPENAI,
        CHAT,
    ),
    chat(
        "chat-3k",
        "chat completion, OpenAI to OpenAI, 3,000/s",
        64,
        OPENAI,
        CHAT,
    )
    .at(3_000),
    chat(
        "chat-translated",
        "chat completion, OpenAI to Anthropic",
        64,
        ANTHROPIC,
        None,
    ),
    chat(
        "sse-burst",
        "104 events at once, OpenAI to OpenAI",
        16,
        OPENAI,
        CHAT,
    )
    .streamed(),
    chat(
        "sse-burst-translated",
        "104 events at once, OpenAI to Anthropic",
        16,
        ANTHROPIC,
        None,
    )
    .streamed(),
    chat(
        "sse-paced",
        "200 streams, an event every 10 ms",
        200,
        "paced/gpt-4o-mini",
        PACED,
    )
    .streamed(),
    chat(
        "sse-paced-translated",
        "200 streams, an event every 10 ms, OpenAI to Anthropic",
        200,
        "paced-anthropic/claude-haiku-4-5",
        None,
    )
    .streamed(),
    chat(
        "sse-first-event",
        "20 paced streams: time to the first event",
        20,
        "paced/gpt-4o-mini",
        PACED,
    )
    .streamed(),
];
