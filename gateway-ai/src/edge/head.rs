//! What the head of a response says about the call.

use std::{mem, sync::Arc};

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
    /// What the request has lost.
    losses: Losses,
    upstream: Upstream,
    /// Whether it is a refusal that is passed on.
    refused: bool,
}

impl Head {
    /// Takes what was lost, which nobody else is to tell.
    pub(super) fn of(reply: &mut ReplyParts) -> Self {
        let upstream = Upstream::new(reply.provider.clone(), reply.endpoint.clone());
        Self {
            target: Arc::clone(reply.target.name()),
            losses: mem::take(&mut reply.losses),
            upstream: upstream.with_first_byte(reply.first_byte),
            refused: reply.refusal.is_some(),
        }
    }

    pub(super) fn write(mut self, call: &AiCall, losses: Losses, response: &mut Response) {
        let failed = call.failures();
        // A refusal that is passed on has been noted as a failed attempt already.
        let count = failed + usize::from(!self.refused);
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
        if failed > 0
            && let Ok(value) = HeaderValue::try_from(call.attempts().to_string())
        {
            headers.insert(FALLBACK, value);
        }
        self.losses.merge(losses);
        if !self.losses.is_empty()
            && let Ok(value) = HeaderValue::try_from(self.losses.to_string())
        {
            headers.insert(LOSSY, value);
        }
        let attempts = u32::try_from(failed).unwrap_or(u32::MAX).saturating_add(1);
        let (upstream, losses) = (self.upstream.with_attempts(attempts), self.losses);
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
