use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use gateway_core::{Body, GatewayError, body::ObservedBody};
use http::{HeaderMap, HeaderValue, header, response::Parts};
use tokio::time::Instant;

use super::{
    CacheKey, Entry, Store,
    entry::tags,
    fill::Fill,
    flight::{Flights, Lead},
    key::KeyRules,
    policy::{self, Asked, CacheControl, NotStored, Rules, Times},
    stats::Counters,
};

/// What all services of one layer share, and what fills and refreshes keep alive.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Rules,
    pub(super) keys: KeyRules,
    pub(super) name: Box<str>,
    pub(super) tags: Vec<Box<str>>,
    pub(super) wait: Duration,
    pub(super) flights: Arc<Flights>,
    pub(super) counters: Counters,
}

impl State {
    /// Wraps the body of a response that may be stored, so that reading it fills the store. `false`
    /// if it may not; then `lead` has been given up.
    pub(super) fn fill(
        self: &Arc<Self>,
        key: &CacheKey,
        asked: &Asked,
        asked_at: Instant,
        parts: &Parts,
        body: Body,
        lead: Option<Lead>,
    ) -> (Body, bool) {
        let entry = match self.entry(asked, times(asked_at), parts) {
            Ok(entry) => entry,
            Err(reason) => {
                self.counters.not_stored(reason);
                if let Some(lead) = lead {
                    // An error passes; what is uncacheable by nature stays so for a while.
                    if parts.status.is_server_error() {
                        lead.release();
                    } else {
                        lead.release_and_remember();
                    }
                }
                return (body, false);
            }
        };
        // Followers need an answer they may use when it is complete; one that is stale already
        // would keep them waiting for nothing.
        let lead = match lead {
            Some(lead) if !is_fresh(&entry, Instant::now()) => {
                lead.release();
                None
            }
            lead => lead,
        };
        if let Some(lead) = &lead {
            lead.filling();
        }
        let announced = policy::announced_length(&parts.headers);
        let fill = Fill {
            state: Arc::clone(self),
            key: key.clone(),
            entry,
            buffer: Some(BytesMut::with_capacity(room(
                announced,
                self.rules.max_entry,
            ))),
            announced,
            asked: asked_at,
            lead,
        };
        (Body::new(ObservedBody::new(body, fill)), true)
    }

    fn entry(&self, asked: &Asked, times: Times, parts: &Parts) -> Result<Entry, NotStored> {
        if parts.extensions.get::<GatewayError>().is_some() {
            return Err(NotStored::Status);
        }
        let headers = &parts.headers;
        let (freshness, selecting) =
            policy::assess(asked, parts.status, headers, times, &self.rules)?;
        let control = CacheControl::of_response(headers);
        let mut head = policy::stored_head(headers, &control);
        // Who receives a response without a date and stores it dates it (RFC 9110 §6.6.1).
        if !head.contains_key(header::DATE)
            && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(times.wall))
        {
            head.insert(header::DATE, date);
        }
        Ok(Entry {
            status: parts.status,
            headers: head,
            body: Bytes::new(),
            selecting,
            freshness,
            received: times.wall,
            for_everybody: policy::for_everybody(&control),
            tags: tags(headers, &self.tags),
        })
    }

    /// The entry that a 304 with the headers `update` makes of `stored` (RFC 9111 §4.3.4), and
    /// whether it may be kept.
    pub(super) fn freshened(
        &self,
        stored: &Entry,
        asked: &Asked,
        asked_at: Instant,
        update: &HeaderMap,
    ) -> (Entry, bool) {
        let times = times(asked_at);
        let control = CacheControl::of_response(update);
        let mut fresh = policy::stored_head(update, &control);
        if !self.rules.store_set_cookie {
            fresh.remove(header::SET_COOKIE);
        }
        let mut headers = stored.headers.clone();
        policy::merge(&mut headers, &fresh);
        let mut dated = headers.clone();
        for age in update.get_all(header::AGE) {
            dated.append(header::AGE, age.clone());
        }
        let mut entry = stored.clone();
        let kept = match policy::assess(asked, stored.status, &dated, times, &self.rules) {
            Ok((freshness, selecting)) => {
                entry.freshness = freshness;
                entry.selecting = selecting;
                true
            }
            Err(_) => false,
        };
        entry.for_everybody = policy::for_everybody(&CacheControl::of_response(&headers));
        entry.headers = headers;
        entry.received = times.wall;
        (entry, kept)
    }
}

/// Whether an entry could answer the next request without asking.
pub(super) fn is_fresh(entry: &Entry, now: Instant) -> bool {
    !entry.freshness.no_cache && entry.freshness.staleness(now).is_none()
}

fn times(asked_at: Instant) -> Times {
    let received = Instant::now();
    Times {
        delay: received.saturating_duration_since(asked_at),
        received,
        wall: SystemTime::now(),
    }
}

/// Exactly what was announced, so that the buffer is not copied; the policy has checked it.
fn room(announced: Option<u64>, most: usize) -> usize {
    announced
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0)
        .min(most)
}
