//! A provider that follows a script and remembers what it was asked.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_ai::{
    edge::AiService,
    models::{Keys, Models, target},
    providers::HttpClient,
};
use gateway_core::{Body, BoxError, Request, Response, body::collect};
use http::HeaderMap;
use http_body::Frame;
use tokio::time::Sleep;
use tower::ServiceExt;

/// What the provider does with one request.
pub(crate) enum Answer {
    /// A whole answer.
    Whole(u16, &'static [(&'static str, &'static str)], String),
    /// A stream, step by step.
    Stream(Vec<Step>),
    /// No connection.
    Unreachable,
    /// No answer, ever.
    Silence,
}

pub(crate) enum Step {
    Data(String),
    Bytes(Vec<u8>),
    Wait(Duration),
    /// The connection breaks.
    Break,
    /// Nothing more, ever.
    Hang,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Whole(status, &[("content-type", "application/json")], body.into())
    }

    /// A stream of these frames, ended properly.
    pub(crate) fn frames(frames: &[&str]) -> Self {
        Self::Stream(
            frames
                .iter()
                .map(|frame| Step::Data((*frame).to_owned()))
                .collect(),
        )
    }
}

/// What a request looked like.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The scripted provider, for all hosts alike.
#[derive(Clone, Default)]
pub(crate) struct Double {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    dropped: Arc<AtomicBool>,
}

impl Double {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Self::default()
        }
    }

    pub(crate) fn client(&self) -> HttpClient {
        let this = self.clone();
        HttpClient::new(tower::service_fn(move |request| {
            let this = this.clone();
            async move { this.answer(request).await }
        }))
    }

    async fn answer(&self, request: Request) -> Result<Response, BoxError> {
        let (parts, body) = request.into_parts();
        let body = collect(body, 64 << 20).await?.into_parts().0;
        let seen = Seen {
            uri: parts.uri.to_string(),
            headers: parts.headers,
            body,
        };
        self.seen.lock().unwrap().push(seen);
        let answer = self.answers.lock().unwrap().pop_front();
        match answer.expect("more requests than the script has answers") {
            Answer::Unreachable => Err("connection refused".into()),
            Answer::Silence => std::future::pending().await,
            Answer::Whole(status, headers, body) => {
                let mut response = http::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(*name, *value);
                }
                Ok(response.body(Body::from(body))?)
            }
            Answer::Stream(steps) => {
                let body = Steps {
                    steps: steps.into(),
                    sleep: None,
                    dropped: Arc::clone(&self.dropped),
                };
                let response =
                    http::Response::builder().header("content-type", "text/event-stream");
                Ok(response.body(Body::new(body))?)
            }
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Whether a streamed body was dropped.
    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(SeqCst)
    }
}

struct Steps {
    steps: VecDeque<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    dropped: Arc<AtomicBool>,
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.dropped.store(true, SeqCst);
    }
}

impl http_body::Body for Steps {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.sleep = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Data(data)) => {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from(data)))));
                }
                Some(Step::Bytes(bytes)) => {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))));
                }
                Some(Step::Wait(time)) => {
                    self.sleep = Some(Box::pin(tokio::time::sleep(time)));
                }
                Some(Step::Break) => return Poll::Ready(Some(Err("connection reset".into()))),
                Some(Step::Hang) => {
                    self.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
            }
        }
    }
}

/// `gpt` is OpenAI alone, `claude` Anthropic alone, `fast` the two in this order.
pub(crate) fn models(double: &Double) -> Models {
    let gpt = target("openai/gpt-4o-mini");
    let claude = target("anthropic/claude-haiku-4-5");
    Models::new()
        .alias("gpt", [gpt.clone()])
        .alias("claude", [claude.clone()])
        .alias("fast", [gpt, claude])
        .keys(
            Keys::new()
                .key("openai", "sk-operator")
                .key("anthropic", "sk-ant-operator"),
        )
        .client(double.client())
}

pub(crate) fn gateway(double: &Double) -> AiService {
    models(double).service().unwrap()
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request {
    http::Request::post(path).body(body.into()).unwrap()
}

pub(crate) async fn ask(gateway: AiService, request: Request) -> Response {
    gateway.oneshot(request).await.unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    let body = collect(response.into_body(), 64 << 20).await.unwrap();
    String::from_utf8(body.into_parts().0.to_vec()).unwrap()
}

pub(crate) async fn json(response: Response) -> serde_json::Value {
    serde_json::from_str(&text(response).await).unwrap()
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";

pub(crate) fn chat_request(model: &str, stream: bool) -> String {
    format!(
        r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#
    )
}

pub(crate) fn messages_request(model: &str, stream: bool) -> String {
    format!(
        r#"{{"model":"{model}","max_tokens":99,"stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#
    )
}

pub(crate) const CHAT_REPLY: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini-2024","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;

pub(crate) const MESSAGES_REPLY: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":"Hello there"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":2}}"#;

pub(crate) const CHAT_STREAM: [&str; 6] = [
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini-2024\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini-2024\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini-2024\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" there\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini-2024\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini-2024\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n",
    "data: [DONE]\n\n",
];

pub(crate) const MESSAGES_STREAM: [&str; 8] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-4-5\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" there\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];
