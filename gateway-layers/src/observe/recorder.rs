use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use gateway_core::{
    CacheOutcome, ClientIp, ErrorKind, GatewayError, Outcome, RequestId, TunnelBytes, Upstream,
    Usage,
    body::{End, Observe as ObserveBody},
    context::OutcomeRecord,
    turn,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body::Body as HttpBody;
use tokio::time::Instant;

use super::{OnEnd, Record, TraceContext, layer::Shared};

/// Counts the bytes of a request body whose length was not announced.
///
/// Whoever receives the body – a server – puts it into the request extensions and adds to it as
/// data arrives; the observer reads it when the answer has ended.
#[derive(Clone, Debug, Default)]
pub struct RequestBytes(Arc<AtomicU64>);

impl RequestBytes {
    /// A counter at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the bytes of a frame.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is known about a request; moves from the future into the body and tells at the end. Boxed,
/// as the futures around it and the body are moved many times.
pub(super) struct Recorder<H: OnEnd> {
    shared: Arc<Shared<H>>,
    outcome: Outcome,
    method: Method,
    uri: Uri,
    version: Version,
    host: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    referer: Option<HeaderValue>,
    trace: Option<TraceContext>,
    start: Instant,
    first_byte: Option<Duration>,
    status: Option<u16>,
    announced: Option<u64>,
    counted: Option<RequestBytes>,
    bytes_out: u64,
    done: bool,
}

impl<H: OnEnd> Recorder<H> {
    pub(super) fn begin<B: HttpBody>(
        shared: &Arc<Shared<H>>,
        request: &Request<B>,
        outcome: Outcome,
        trace: Option<TraceContext>,
    ) -> Box<Self> {
        let headers = request.headers();
        let extensions = request.extensions();
        // What layers outside of this one have found out already.
        let client_ip = extensions.get::<ClientIp>().copied();
        let request_id = extensions.get::<RequestId>().cloned();
        outcome.update(|record| {
            record.client_ip = client_ip;
            record.request_id = request_id;
        });
        let announced = request.body().size_hint().exact();
        let counted = match announced {
            Some(_) => None,
            None => extensions.get::<RequestBytes>().cloned(),
        };
        if let Some(metrics) = &shared.metrics {
            metrics.enter();
        }
        Box::new(Self {
            outcome,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            host: headers.get(header::HOST).cloned(),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            referer: headers.get(header::REFERER).cloned(),
            trace,
            start: turn::now(),
            first_byte: None,
            status: None,
            announced,
            counted,
            bytes_out: 0,
            done: false,
            shared: Arc::clone(shared),
        })
    }

    /// The answer's head is here.
    pub(super) fn head<B>(&mut self, response: &Response<B>) {
        self.first_byte = Some(turn::now().saturating_duration_since(self.start));
        self.status = Some(response.status().as_u16());
        let extensions = response.extensions();
        let error = extensions.get::<GatewayError>();
        let upstream = extensions.get::<Upstream>();
        let cache = extensions.get::<CacheOutcome>();
        let usage = extensions.get::<Usage>();
        if error.is_none() && upstream.is_none() && cache.is_none() && usage.is_none() {
            return;
        }
        self.outcome.update(|record| {
            record.error = error.cloned().or_else(|| record.error.take());
            // Whoever put it there has told the record, too.
            if upstream.is_some_and(|upstream| record.upstream.as_ref() != Some(upstream)) {
                record.upstream = upstream.cloned();
            }
            record.cache = cache.copied().or(record.cache);
            record.usage = usage.copied().or(record.usage);
        });
    }

    /// The service inside failed: whoever is outside answers, if anyone.
    pub(super) fn failed(&mut self) {
        self.status = Some(ErrorKind::Internal.status().as_u16());
        self.fill_error(ErrorKind::Internal);
        self.finish(End::Failed);
    }

    /// There is no body to wait for.
    pub(super) fn complete(&mut self) {
        self.finish(End::Complete);
    }

    /// The answer opened a tunnel, and the tunnel is over.
    pub(super) fn tunnel(&mut self, bytes: TunnelBytes) {
        self.announced = Some(bytes.received);
        self.bytes_out = bytes.sent;
        self.finish(End::Complete);
    }

    fn fill_error(&self, kind: ErrorKind) {
        self.outcome.update(|record| {
            record.error.get_or_insert_with(|| GatewayError::new(kind));
        });
    }

    fn finish(&mut self, end: End) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        // A panic unwinds through the future: that is no client that went away.
        let end = if end == End::Cancelled && std::thread::panicking() {
            self.fill_error(ErrorKind::Internal);
            self.status = self.status.or(Some(500));
            End::Failed
        } else {
            end
        };
        // Taken out: whoever hears of it may look into the cell.
        self.tell(end, &self.outcome.take());
    }

    fn tell(&self, end: End, outcome: &OutcomeRecord) {
        let record = Record {
            time: SystemTime::now(),
            method: &self.method,
            uri: &self.uri,
            version: self.version,
            host: self.host.as_ref(),
            user_agent: self.user_agent.as_ref(),
            referer: self.referer.as_ref(),
            status: self.status.unwrap_or(CLIENT_CLOSED),
            end,
            duration: self.start.elapsed(),
            first_byte: self.first_byte,
            bytes_in: self
                .announced
                .or_else(|| self.counted.as_ref().map(RequestBytes::get)),
            bytes_out: self.bytes_out,
            trace: self.trace,
            outcome,
        };
        if let Some(metrics) = &self.shared.metrics {
            metrics.observe(&record);
        }
        if let Some(log) = &self.shared.log {
            log.append(&record);
        }
        self.shared.hook.on_end(&record);
    }
}

impl<H: OnEnd> ObserveBody for Box<Recorder<H>> {
    fn on_data(&mut self, data: &Bytes) {
        self.bytes_out += data.len() as u64;
    }

    fn on_trailers(&mut self, _: &HeaderMap) {}

    fn on_end(mut self, end: End) {
        self.finish(end);
    }
}

/// The future was dropped before there was an answer.
impl<H: OnEnd> Drop for Recorder<H> {
    fn drop(&mut self) {
        self.finish(End::Cancelled);
        if let Some(metrics) = &self.shared.metrics {
            metrics.leave();
        }
    }
}

/// What nginx logs when the client went away first; no such status is ever sent.
const CLIENT_CLOSED: u16 = 499;
