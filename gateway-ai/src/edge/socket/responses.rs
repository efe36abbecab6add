use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use gateway_core::{Body, Deadline, ErrorFormat, Outcome, Responder, Response, body::collect};
use gateway_layers::proxy::WebSocket;
use http::{HeaderValue, Method, header, request::Parts};
use http_body_util::BodyExt as _;
use tower_service::Service;

use super::{
    super::{
        entry::Entry,
        memory::member,
        shared::{Shared, refused},
    },
    call::Create,
    error,
    link::{self, Inbound, Outbound},
    tally::Tally,
    thread::Thread,
    watch::{Activity, Watch},
};
use crate::{
    call::{AiCall, AiReply, Operation},
    dialect::Dialect,
    error::AiError,
    sse::Framer,
    websocket::{Close, Message, Peer},
};

/// Opens the WebSocket a request asks for.
pub(in crate::edge) fn serve<S>(
    shared: &Arc<Shared>,
    inner: S,
    responder: Responder,
    mut parts: Parts,
) -> Response
where
    S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
    S::Future: Send,
{
    let responder = responder.with_format(ErrorFormat::OpenAi);
    let socket = match WebSocket::take(&mut parts) {
        Ok(socket) => socket,
        Err(error) => return refused(&responder, &parts, error),
    };
    let (tunnels, shared) = (shared.tunnels(), Arc::clone(shared));
    socket.serve(&tunnels, None, move |stream| async move {
        let limit = shared.request_limit;
        let watch = Watch::new(shared.socket_limits, &parts.extensions);
        let activity = watch.activity();
        let (inbound, outbound) = link::open(stream, Peer::Client, limit, &activity);
        let conversation = Conversation {
            head: Head::of(parts),
            inner,
            inbound,
            outbound,
            waiting: None,
            thread: Thread::new(limit),
            activity,
            shared,
        };
        conversation.run(watch).await;
    })
}

/// What each turn has of the request that opened the WebSocket.
struct Head {
    parts: Parts,
    outcome: Option<Outcome>,
}

impl Head {
    fn of(mut parts: Parts) -> Self {
        parts.method = Method::POST;
        // Layers outside limit the request that opens the WebSocket, not what is asked over it.
        parts.extensions.remove::<Deadline>();
        for name in [header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
            parts.headers.remove(name);
        }
        let json = HeaderValue::from_static("application/json");
        parts.headers.insert(header::CONTENT_TYPE, json);
        let outcome = parts.extensions.get().cloned();
        Self { parts, outcome }
    }

    fn turn(&self) -> (Parts, Tally) {
        let mut parts = self.parts.clone();
        let tally = Tally::of(self.outcome.as_ref(), &mut parts.extensions);
        (parts, tally)
    }
}

struct Conversation<S> {
    shared: Arc<Shared>,
    inner: S,
    head: Head,
    inbound: Inbound,
    outbound: Outbound,
    /// What the client said while it was answered. While there is something, no more is read.
    waiting: Option<Bytes>,
    thread: Thread,
    activity: Activity,
}

/// The WebSocket is over, and why, where the client is to be told.
struct Over {
    event: Option<Bytes>,
    close: Option<Close>,
}

impl Over {
    /// The client has left, or its connection broke.
    const GONE: Self = Self {
        event: None,
        close: None,
    };

    const fn with(close: Close) -> Self {
        Self {
            event: None,
            close: Some(close),
        }
    }
}

impl<S> Conversation<S>
where
    S: Service<AiCall, Response = AiReply, Error = AiError> + Clone + Send + 'static,
    S::Future: Send,
{
    async fn run(mut self, watch: Watch) {
        let over = tokio::select! {
            over = self.talk() => over,
            over = watch.over() => Over {
                event: over.error(EXPIRED).as_ref().map(error::fault),
                close: Some(over.close()),
            },
        };
        if let Some(close) = over.close {
            link::part((&mut self.inbound, &mut self.outbound), over.event, close).await;
        }
    }

    async fn talk(&mut self) -> Over {
        loop {
            let text = match self.waiting.take() {
                Some(text) => text,
                None => match self.listen().await {
                    Ok(text) => text,
                    Err(over) => return over,
                },
            };
            // A model may think for long before it says anything.
            let _under_way = self.activity.begin();
            if let Err(over) = self.turn(&text).await {
                return over;
            }
        }
    }

    /// What the client says next.
    async fn listen(&mut self) -> Result<Bytes, Over> {
        loop {
            let close = match self.inbound.next().await {
                Ok(Some(Message::Text(text))) => return Ok(text),
                Ok(Some(Message::Ping(bytes))) => {
                    self.send(&Message::Pong(bytes)).await?;
                    continue;
                }
                Ok(Some(Message::Pong(_))) => continue,
                Ok(Some(Message::Binary(_))) => Close::new(1003, "messages are text"),
                // RFC 6455 §5.5.1: a close is answered by one with the same code.
                Ok(Some(Message::Close(close))) => close.unwrap_or_else(|| Close::new(1000, "")),
                Ok(None) => return Err(Over::GONE),
                Err(fault) => Close::new(fault.code(), &fault.to_string()),
            };
            return Err(Over::with(close));
        }
    }

    async fn send(&mut self, message: &Message) -> Result<(), Over> {
        self.outbound.send(message).await.map_err(|_| Over::GONE)
    }

    /// Waits for something while the client may leave, or say something.
    async fn meanwhile<F: Future>(&mut self, work: F) -> Result<F::Output, Over> {
        let mut work = pin!(work);
        while self.waiting.is_none() {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                said = self.listen() => self.waiting = Some(said?),
            }
        }
        Ok(work.await)
    }

    async fn turn(&mut self, text: &Bytes) -> Result<(), Over> {
        let create = match Create::read(text) {
            Ok(create) => create,
            Err(fault) => return self.send(&Message::Text(error::fault(&fault))).await,
        };
        let body = create.body(self.thread.before(&create));
        let asked = self.thread.asked(&create);
        if !create.generate {
            let id = new_id();
            for event in error::empty_answer(&id.0, &create.model, id.1) {
                self.send(&Message::Text(event)).await?;
            }
            self.thread.warmed(asked, &id.0);
            return Ok(());
        }
        self.thread.forget();
        let (mut parts, _tally) = self.head.turn();
        let (shared, inner) = (Arc::clone(&self.shared), self.inner.clone());
        let entry = Entry::plain(Dialect::Responses, Operation::Chat);
        let body = Body::from(body);
        let answer = Box::pin(async move {
            let chat = shared.chat(inner, entry, &mut parts, body);
            chat.await
        });
        let response = self.meanwhile(answer).await?;
        if response.status().is_success() {
            return self.events(response.into_body(), asked).await;
        }
        let status = response.status();
        let body = collect(response.into_body(), ERROR_LIMIT).await;
        let body = body.map_or_else(|_| Bytes::new(), |body| body.into_parts().0);
        self.send(&Message::Text(error::refused(status, &body)))
            .await
    }

    /// Hands an answer on, event by event.
    async fn events(&mut self, mut body: Body, asked: Option<String>) -> Result<(), Over> {
        let mut framer = Framer::default();
        let (mut events, mut last) = (Vec::new(), None);
        loop {
            let frame = self.meanwhile(body.frame()).await?;
            let over = frame.is_none();
            match frame.and_then(Result::ok).map(http_body::Frame::into_data) {
                Some(Ok(data)) => {
                    let cut = framer.push(&data, |event| {
                        events.push(Bytes::copy_from_slice(event.data));
                    });
                    if cut.is_err() {
                        return Err(Over::with(Close::new(1011, "an event is too long")));
                    }
                }
                _ if over => framer.finish(|event| events.push(Bytes::copy_from_slice(event.data))),
                _ => {}
            }
            for event in events.drain(..) {
                if is_end(&event) {
                    last = Some(event.clone());
                }
                self.send(&Message::Text(event)).await?;
            }
            if over {
                if let Some(last) = last {
                    self.thread.answered(asked, &last);
                }
                return Ok(());
            }
        }
    }
}

/// Whether an answer is complete with an event. The kind stands first in nearly all of them.
fn is_end(event: &[u8]) -> bool {
    member(event, "type") == Some("\"response.completed\"")
}

/// An id for an answer nobody was asked for, and the time.
fn new_id() -> (String, u64) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let number = NEXT.fetch_add(1, Relaxed);
    let id = format!("resp_{:x}{number:x}", now.as_micros());
    (id, now.as_secs())
}

/// What OpenAI calls it.
const EXPIRED: &str = "websocket_connection_limit_reached";
const ERROR_LIMIT: usize = 256 * 1024;
