use std::sync::Arc;

use gateway_core::{Body, ErrorKind, GatewayError, Identity, Outcome, Responder};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body as HttpBody;
use tokio::time::Instant;

use super::{
    CacheKey, Entry, KeyRef, Variants,
    ask::Ask,
    key::Place,
    policy::{self, Asked, CacheControl, Verdict, judge},
    state::State,
    status::{Forward, Report, cell},
};

/// What kind of request this is to a cache.
pub(super) enum Admission<'a> {
    /// A tunnel in the making: nothing is touched.
    Tunnel,
    /// Not for the store; what to do with the response.
    Pass(Passing),
    /// To be looked up.
    Lookup(KeyRef<'a>),
}

/// What remains to be done when a response passes by the store.
pub(super) struct Passing {
    pub(super) state: Arc<State>,
    forward: Forward,
    /// The target of an unsafe method, which a success invalidates (RFC 9111 §4.4).
    target: Option<CacheKey>,
    cell: Option<Outcome>,
}

/// What the store says to a request.
pub(super) enum Consulted {
    Answer(Response<Body>),
    /// Answer, and refresh behind the answer.
    Refresh(Response<Body>, Box<Ask>),
    Ask(Box<Ask>),
}

impl State {
    pub(super) fn admit<'a, B: HttpBody>(
        self: &Arc<Self>,
        request: &'a Request<B>,
    ) -> Admission<'a> {
        let headers = request.headers();
        if request.method() == Method::CONNECT || headers.contains_key(header::UPGRADE) {
            return Admission::Tunnel;
        }
        let pass = |forward, target| {
            Admission::Pass(Passing {
                state: Arc::clone(self),
                forward,
                target,
                cell: cell(request.extensions()),
            })
        };
        match *request.method() {
            // Content in a GET has no meaning (RFC 9110 §9.3.1), yet some origins give it one.
            Method::GET | Method::HEAD if request.body().is_end_stream() => {
                match self.keys.key(request) {
                    Some(key) if !policy::has_origin_conditions(headers) => Admission::Lookup(key),
                    _ => pass(Forward::Bypass, None),
                }
            }
            Method::GET | Method::HEAD => pass(Forward::Bypass, None),
            Method::OPTIONS | Method::TRACE => pass(Forward::Method, None),
            _ => {
                let target = self.keys.key(request).map(|key| key.to_owned());
                pass(Forward::Method, target)
            }
        }
    }

    /// Judges what the store has against what the request wants.
    pub(super) fn consult<B>(
        self: &Arc<Self>,
        request: &Request<B>,
        key: &KeyRef<'_>,
        variants: Option<&Variants>,
    ) -> Consulted {
        let now = Instant::now();
        let headers = request.headers();
        let control = CacheControl::of_request(headers);
        let shared_credentials = self.has_shared_credentials(request);
        let found = variants
            .and_then(|variants| variants.select(headers))
            .filter(|entry| !shared_credentials || entry.for_everybody);
        let verdict = found.map(|entry| (entry, judge(&entry.freshness, &control, now)));
        let (entry, report, refresh) = match verdict {
            Some((entry, Verdict::Fresh)) => (entry, Report::hit(entry.freshness.ttl(now)), false),
            Some((entry, Verdict::Stale)) => {
                let report = Report::stale(entry.freshness.ttl(now), "max-stale");
                (entry, report, false)
            }
            Some((entry, Verdict::StaleWhileRevalidate)) => {
                let report = Report::stale(entry.freshness.ttl(now), "stale-while-revalidate");
                (entry, report, true)
            }
            _ if control.only_if_cached => return Consulted::Answer(self.not_cached(request)),
            verdict => {
                let forward = forward(verdict.map(|(_, verdict)| verdict), variants.is_some());
                let stored = verdict.map(|(entry, _)| Arc::clone(entry));
                return Consulted::Ask(Box::new(self.ask(request, key, control, forward, stored)));
            }
        };
        let mut response = entry.answer(request.method(), headers, now);
        self.counters.outcome(report.outcome());
        report.tell(&self.name, &mut response, request.extensions().get());
        if !refresh {
            return Consulted::Answer(response);
        }
        let stored = Some(Arc::clone(entry));
        let mut ask = self.ask(request, key, control, Forward::Stale, stored);
        ask.method = Method::GET;
        ask.quiet = true;
        Consulted::Refresh(response, Box::new(ask))
    }

    fn ask<B>(
        self: &Arc<Self>,
        request: &Request<B>,
        key: &KeyRef<'_>,
        control: CacheControl,
        forward: Forward,
        stored: Option<Arc<Entry>>,
    ) -> Ask {
        let headers = request.headers();
        let separate = self.keys.separates(request);
        let asked = Asked {
            headers: headers.clone(),
            shared_credentials: self.has_shared_credentials(request),
            shared_cookie: headers.contains_key(header::COOKIE) && !separate,
            control,
        };
        // A HEAD has no content to store, so it validates nothing.
        let stored = stored.filter(|_| request.method() == Method::GET);
        // An answer in part, or to a condition, is of no use to others.
        let whole = stored.is_some() || !policy::has_conditions(headers);
        let willing = !asked.control.no_store && asked.control.no_cache == Default::default();
        Ask {
            state: Arc::clone(self),
            key: key.to_owned(),
            method: request.method().clone(),
            collapsible: request.method() == Method::GET
                && whole
                && willing
                && !asked.shared_credentials,
            asked,
            forward,
            stored,
            cell: cell(request.extensions()),
            quiet: false,
        }
    }

    fn has_shared_credentials<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let credentials = CREDENTIALS.iter().any(|name| headers.contains_key(name))
            || request.extensions().get::<Identity>().is_some();
        credentials && !self.keys.separates(request)
    }

    /// RFC 9111 §5.2.1.7.
    fn not_cached<B>(&self, request: &Request<B>) -> Response<Body> {
        let error = GatewayError::new(ErrorKind::UpstreamTimeout)
            .detail("only-if-cached was asked for, and nothing stored satisfies the request")
            .layer("cache");
        let mut response = Responder::of(request).refuse(error);
        let report = Report::forwarded(Forward::Request, StatusCode::GATEWAY_TIMEOUT);
        self.counters.outcome(report.outcome());
        report.tell(&self.name, &mut response, request.extensions().get());
        response
    }
}

const fn forward(verdict: Option<Verdict>, known: bool) -> Forward {
    match verdict {
        Some(Verdict::Demanded) => Forward::Request,
        Some(_) => Forward::Stale,
        None if known => Forward::VaryMiss,
        None => Forward::UriMiss,
    }
}

impl Passing {
    /// Invalidates what the request changed, and tells what happened.
    pub(super) fn finish(&self, response: &mut Response<Body>) {
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        if let Some(target) = &self.target
            && (status.is_success() || status.is_redirection())
        {
            self.invalidate(target, response.headers());
        }
        let report = Report::forwarded(self.forward, status);
        self.state.counters.outcome(report.outcome());
        report.tell(&self.state.name, response, self.cell.as_ref());
    }

    fn invalidate(&self, target: &CacheKey, headers: &HeaderMap) {
        let borrowed = target.borrowed();
        let place = borrowed.place();
        self.state.store.invalidate(&place);
        for name in [header::LOCATION, header::CONTENT_LOCATION] {
            let reference = headers.get(name).and_then(|value| value.to_str().ok());
            if let Some(path) = reference.and_then(|reference| same_origin(reference, &place)) {
                self.state.store.invalidate(&place.at(&path));
            }
        }
    }
}

/// The path and query a reference leads to from `place`, if it stays on its host: what one origin
/// says must not invalidate what another one owns (RFC 9111 §4.4).
fn same_origin(reference: &str, place: &Place<'_>) -> Option<String> {
    let reference = reference.split('#').next()?;
    let base = place.target().split('?').next()?;
    if reference.starts_with("//") {
        return None;
    }
    if reference.starts_with('/') {
        return Some(reference.to_owned());
    }
    if let Ok(uri) = reference.parse::<Uri>()
        && let (Some(_), Some(authority)) = (uri.scheme(), uri.authority())
    {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        return authority
            .as_str()
            .eq_ignore_ascii_case(place.host())
            .then(|| path.to_owned());
    }
    if reference.is_empty() || reference.starts_with('?') {
        return Some(format!("{base}{reference}"));
    }
    let folder = base.rfind('/').map_or("/", |at| &base[..=at]);
    Some(format!("{folder}{reference}"))
}

/// Where keys are accepted. RFC 9111 knows `Authorization` alone, but an answer to a key in another
/// header is no less for its bearer.
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn references_are_resolved_on_the_same_host_alone() {
        let place = Place::new(Cow::Borrowed("a.example"), "/x/y?q");
        for (reference, expected) in [
            ("/z?1#f", Some("/z?1")),
            ("http://A.example/z", Some("/z")),
            ("https://a.example", Some("/")),
            ("http://b.example/z", None),
            ("//b.example/z", None),
            ("z", Some("/x/z")),
            ("?r", Some("/x/y?r")),
            ("", Some("/x/y")),
        ] {
            assert_eq!(
                same_origin(reference, &place).as_deref(),
                expected,
                "{reference}"
            );
        }
    }
}
