use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use gateway_core::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::policy::{Cut, Freshness, Selecting, cut, is_not_modified, not_modified_head};

/// A stored response.
#[derive(Clone)]
pub struct Entry {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) selecting: Selecting,
    pub(super) freshness: Freshness,
    pub(super) received: SystemTime,
    /// Marked as being for everybody, and so usable for requests with credentials (RFC 9111 §3.5).
    pub(super) for_everybody: bool,
    pub(super) tags: SmallVec<[Box<str>; 2]>,
}

impl Entry {
    /// What the entry costs in memory, head included.
    #[must_use]
    pub fn weight(&self) -> usize {
        let head: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + PER_HEADER)
            .sum();
        let tags: usize = self.tags.iter().map(|tag| tag.len() + 16).sum();
        self.body.len() + head + tags + self.selecting.weight() + size_of::<Self>()
    }

    /// Whether the response carries `tag`.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|have| &**have == tag)
    }

    /// When the response, or the 304 that last confirmed it, was received.
    #[must_use]
    pub const fn received(&self) -> Instant {
        self.freshness.received
    }

    /// The answer to a request with `method` and `request` headers, made from this entry.
    pub(super) fn answer(
        &self,
        method: &Method,
        request: &HeaderMap,
        now: Instant,
    ) -> Response<Body> {
        let mut response =
            if self.status.is_success() && is_not_modified(request, &self.headers, self.received) {
                head(
                    StatusCode::NOT_MODIFIED,
                    not_modified_head(&self.headers),
                    Body::empty(),
                )
            } else if method == Method::HEAD {
                let mut response = head(self.status, self.headers.clone(), Body::empty());
                if !self.status.is_redirection() && self.status != StatusCode::NO_CONTENT {
                    let length = HeaderValue::from(self.body.len());
                    response
                        .headers_mut()
                        .entry(header::CONTENT_LENGTH)
                        .or_insert(length);
                }
                response
            } else if self.status == StatusCode::OK {
                self.part(request)
            } else {
                self.whole()
            };
        let age = HeaderValue::from(self.freshness.age(now).as_secs());
        response.headers_mut().insert(header::AGE, age);
        response
    }

    fn whole(&self) -> Response<Body> {
        head(
            self.status,
            self.headers.clone(),
            Body::from(self.body.clone()),
        )
    }

    fn part(&self, request: &HeaderMap) -> Response<Body> {
        let total = self.body.len();
        let (status, range, body) = match cut(request, &self.headers, total) {
            Cut::Whole => return self.whole(),
            Cut::Part(part) => (
                StatusCode::PARTIAL_CONTENT,
                format!("bytes {}-{}/{total}", part.start, part.end - 1),
                self.body.slice(part),
            ),
            Cut::Unsatisfiable => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                format!("bytes */{total}"),
                Bytes::new(),
            ),
        };
        let mut response = head(status, self.headers.clone(), Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Ok(range) = HeaderValue::try_from(range) {
            headers.insert(header::CONTENT_RANGE, range);
        }
        response.map(|_| Body::from(body))
    }
}

fn head(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .field("lifetime", &self.freshness.lifetime)
            .finish_non_exhaustive()
    }
}

/// The stored responses of one key, newest first, told apart by the request fields their `Vary`
/// names.
#[derive(Clone, Debug, Default)]
pub struct Variants {
    entries: SmallVec<[Arc<Entry>; 1]>,
}

impl Variants {
    pub(super) fn select(&self, request: &HeaderMap) -> Option<&Arc<Entry>> {
        self.entries
            .iter()
            .find(|entry| entry.selecting.matches(request))
    }

    /// These variants and `entry`, which takes the place of one selected by the same values. Beyond
    /// sixteen the oldest goes: a `Vary: User-Agent` must not make a key a store of its own.
    #[must_use]
    pub fn with(&self, entry: Arc<Entry>) -> Self {
        let mut entries = SmallVec::with_capacity(self.entries.len() + 1);
        let kept = |have: &&Arc<Entry>| have.selecting != entry.selecting;
        let others: SmallVec<[_; MAX_VARIANTS]> = self
            .entries
            .iter()
            .filter(kept)
            .take(MAX_VARIANTS - 1)
            .cloned()
            .collect();
        entries.push(entry);
        entries.extend(others);
        Self { entries }
    }

    /// The newest of these variants that cost at most `bytes` together, and one in any case.
    #[must_use]
    pub fn within(mut self, bytes: u64) -> Self {
        while self.entries.len() > 1 && self.weight() as u64 > bytes {
            self.entries.pop();
        }
        self
    }

    /// The variants received after `mark`.
    #[must_use]
    pub fn since(&self, mark: Option<Instant>) -> Self {
        let newer = |entry: &&Arc<Entry>| mark.is_none_or(|at| entry.received() > at);
        Self {
            entries: self.entries.iter().filter(newer).cloned().collect(),
        }
    }

    /// The entries, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// What the variants cost in memory together.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.iter().map(|entry| entry.weight()).sum()
    }
}

/// The tags an origin gives a response: `Cache-Tag` is separated by commas, `Surrogate-Key` by
/// spaces.
pub(super) fn tags(headers: &HeaderMap, own: &[Box<str>]) -> SmallVec<[Box<str>; 2]> {
    let mut tags: SmallVec<[Box<str>; 2]> = own.iter().cloned().collect();
    for (name, separator) in [("cache-tag", ','), ("surrogate-key", ' ')] {
        let values = headers.get_all(name).iter();
        let parts = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(separator))
            .map(str::trim)
            .filter(|tag| !tag.is_empty());
        tags.extend(parts.take(MAX_TAGS).map(Box::from));
    }
    tags
}

const MAX_VARIANTS: usize = 16;
const MAX_TAGS: usize = 32;
/// Two words of bookkeeping each for name and value, and the table slot.
const PER_HEADER: usize = 72;
