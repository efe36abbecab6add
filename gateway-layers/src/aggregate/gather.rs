use std::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use gateway_core::{Body, GatewayError, Request, Response};
use http::{HeaderMap, header, request::Parts};
use http_body::Body as _;
use tokio::time::{Instant, timeout_at};
use tower_service::Service as _;

use super::{
    OnError,
    builder::{Ready, Settings},
    facts::Facts,
    fault::Fault,
    request,
};
use crate::transform::{find, is_json};

/// What has become of a part.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) took: Duration,
    pub(super) answer: Result<Bytes, Fault>,
}

/// What the parts of one request share.
struct Round<'a> {
    settings: &'a Settings,
    request: &'a Parts,
    headers: HeaderMap,
    room: AtomicUsize,
    until: Instant,
}

/// Asks for all parts. The first failure that is one of the whole ends it, and is the error: the
/// part's place and why.
pub(super) async fn gather(
    parts: &[Ready],
    settings: &Settings,
    request: &Parts,
    until: Instant,
) -> Result<Vec<Done>, (usize, Fault)> {
    let round = Round {
        settings,
        request,
        headers: request::shared_headers(request),
        room: AtomicUsize::new(settings.max_bytes),
        until,
    };
    if settings.sequential {
        round.one_by_one(parts).await
    } else {
        round.together(parts).await
    }
}

impl Round<'_> {
    async fn together(&self, parts: &[Ready]) -> Result<Vec<Done>, (usize, Fault)> {
        let mut calls = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            calls.push(async move { (index, self.ask(part, &[]).await) });
        }
        let mut running = stream::iter(calls).buffer_unordered(self.settings.concurrency);
        let mut done: Vec<Option<Done>> = parts.iter().map(|_| None).collect();
        while let Some((index, one)) = running.next().await {
            self.judge(&parts[index], &one)
                .map_err(|fault| (index, fault))?;
            done[index] = Some(one);
        }
        Ok(done.into_iter().flatten().collect())
    }

    async fn one_by_one(&self, parts: &[Ready]) -> Result<Vec<Done>, (usize, Fault)> {
        let mut done = Vec::new();
        let mut earlier = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let one = self.ask(part, &earlier).await;
            self.judge(part, &one).map_err(|fault| (index, fault))?;
            earlier.push((part.name.as_str(), one.answer.as_ref().ok().cloned()));
            done.push(one);
        }
        Ok(done)
    }

    fn judge(&self, part: &Ready, done: &Done) -> Result<(), Fault> {
        let Err(fault) = &done.answer else {
            return Ok(());
        };
        tracing::debug!(part = part.name, code = %fault.code(), %fault, "part failed");
        if self.settings.strict || part.on_error == OnError::Fail {
            return Err(fault.clone());
        }
        Ok(())
    }

    async fn ask(&self, part: &Ready, earlier: &[(&str, Option<Bytes>)]) -> Done {
        let start = Instant::now();
        let own = part.timeout.and_then(|timeout| start.checked_add(timeout));
        let until = own.map_or(self.until, |own| own.min(self.until));
        let facts = Facts {
            request: self.request,
            earlier,
        };
        let answer = match request::build(part, &facts, &self.headers, until) {
            Ok(_) if until <= start => Err(Fault::Late),
            Ok(request) => timeout_at(until, self.answer(part, request))
                .await
                .unwrap_or(Err(Fault::Late)),
            Err(fault) => Err(fault),
        };
        Done {
            took: start.elapsed(),
            answer,
        }
    }

    async fn answer(&self, part: &Ready, request: Request) -> Result<Bytes, Fault> {
        let mut service = part.service.clone();
        let Ok(response) = service.call(request).await;
        check(&response)?;
        let json = self.read(response.into_body()).await?;
        if !is_json(&json) {
            return Err(Fault::Invalid("the answer is not JSON"));
        }
        let Some(pointer) = &part.pick else {
            // Without the white space around it.
            return Ok(json.slice_ref(json.trim_ascii()));
        };
        match find(&json, pointer) {
            Some(span) => Ok(json.slice(span)),
            None => Err(Fault::Invalid("the answer has nothing to pick")),
        }
    }

    /// Reads a body as long as there is room for all of them together.
    async fn read(&self, mut body: Body) -> Result<Bytes, Fault> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let frame = frame.map_err(|_| Fault::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let length = data.len();
            self.room
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                    room.checked_sub(length)
                })
                .map_err(|_| Fault::TooLarge)?;
            if first.is_empty() && rest.is_empty() {
                first = data;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
        Ok(if rest.is_empty() {
            first
        } else {
            rest.freeze()
        })
    }
}

fn check(response: &Response) -> Result<(), Fault> {
    if let Some(error) = response.extensions().get::<GatewayError>() {
        let late = error.status_code() == http::StatusCode::GATEWAY_TIMEOUT;
        return Err(if late {
            Fault::Late
        } else {
            Fault::Refused(error.kind())
        });
    }
    if !response.status().is_success() {
        return Err(Fault::Status(response.status().as_u16()));
    }
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(Fault::Invalid("the answer is compressed"));
    }
    Ok(())
}
