//! What the head of a response says about the call.

use std::sync::Arc;

use gateway_core::{Outcome, Response, Upstream};
use http::{HeaderName, HeaderValue};

use crate::{
    call::{AiCall, ReplyParts},
    keeper::is_proof_loss,
    loss::Losses,
};

/// What of a reply goes into the response's head.
pub(super) struct Head {
    /// Who answered, `provider/model`.
    pub(super) target: Arc<str>,
    losses: Losses,
    upstream: Upstream,
    refused: bool,
}

impl Head {
    pub(super) fn of(call: &AiCall, reply: &ReplyParts) -> Self {
        let failed = u32::try_from(call.attempts().failed().len()).unwrap_or(u32::MAX);
        let name = reply.provider.clone();
        Self {
            target: Arc::clone(reply.target.name()),
            losses: reply.losses.clone(),
            upstream: Upstream::new(name, reply.endpoint.clone())
                .with_attempts(failed.saturating_add(1))
                .with_first_byte(reply.first_byte),
            refused: reply.refusal.is_some(),
        }
    }

    pub(super) fn write(mut self, call: &AiCall, losses: Losses, response: &mut Response) {
        let attempts = call.attempts();
        // A refusal that is passed on has been noted as a failed attempt already.
        let count = attempts.failed().len() + usize::from(!self.refused);
        let headers = response.headers_mut();
        let model = HeaderValue::from_str(&self.target);
        headers.insert(
            MODEL,
            model.unwrap_or_else(|_| HeaderValue::from_static("unknown")),
        );
        headers.insert(
            ATTEMPTS,
            match count {
                1 => HeaderValue::from_static("1"),
                count => HeaderValue::from(count),
            },
        );
        if !attempts.failed().is_empty()
            && let Ok(value) = HeaderValue::try_from(attempts.to_string())
        {
            headers.insert(FALLBACK, value);
        }
        self.losses.merge(losses);
        if !self.losses.is_empty()
            && let Ok(value) = HeaderValue::try_from(self.losses.to_string())
        {
            headers.insert(LOSSY, value);
        }
        let (upstream, losses) = (self.upstream, self.losses);
        let lost = losses.iter().filter(|name| is_proof_loss(name)).count();
        Outcome::record(call.extensions(), |record| {
            record.upstream = Some(upstream.clone());
            record.proofs.lost = u32::try_from(lost).unwrap_or(u32::MAX);
            record.lose(losses.iter());
        });
        response.extensions_mut().insert(upstream);
    }
}

pub(super) const MODEL: HeaderName = HeaderName::from_static("x-gateway-model");
pub(super) const ATTEMPTS: HeaderName = HeaderName::from_static("x-gateway-attempts");
pub(super) const FALLBACK: HeaderName = HeaderName::from_static("x-gateway-fallback");
pub(super) const LOSSY: HeaderName = HeaderName::from_static("x-gateway-lossy");
