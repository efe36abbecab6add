use std::{sync::Arc, time::Duration};

use gateway_core::{ErrorKind, GatewayError, Response};
use http::StatusCode;

use super::machine::Verdict;

/// When a circuit opens, and how it closes again.
///
/// See the [module docs](crate::circuit_breaker) for an example.
#[derive(Clone, Debug)]
pub struct Breaker {
    /// In millionths.
    pub(super) ratio: Option<u32>,
    pub(super) min_requests: u32,
    pub(super) consecutive: Option<u32>,
    pub(super) window: Duration,
    pub(super) open: Duration,
    pub(super) max_open: Duration,
    pub(super) probes: u32,
    statuses: Option<Arc<[StatusCode]>>,
}

impl Breaker {
    /// Opens for 10 s when half of at least 20 requests of the last 10 s have failed, and closes
    /// after two good answers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ratio: Some(500_000),
            min_requests: 20,
            consecutive: None,
            window: Duration::from_secs(10),
            open: Duration::from_secs(10),
            max_open: Duration::from_secs(10),
            probes: 2,
            statuses: None,
        }
    }

    /// The share of failures, from 0 to 1, at which the circuit opens; `None` for never.
    /// Defaults to a half.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to a million after the clamp; not a number is 0"
    )]
    pub fn error_ratio(mut self, ratio: impl Into<Option<f64>>) -> Self {
        let ratio = ratio.into();
        self.ratio = ratio.map(|ratio| (ratio.clamp(0.0, 1.0) * 1e6).round() as u32);
        self
    }

    /// How many requests the window must hold for their share of failures to mean anything.
    /// Defaults to 20.
    #[must_use]
    pub const fn min_requests(mut self, requests: u32) -> Self {
        self.min_requests = requests;
        self
    }

    /// How many failures in a row open the circuit, whatever their share; `None` for no such rule,
    /// which is the default.
    #[must_use]
    pub fn consecutive(mut self, failures: impl Into<Option<u32>>) -> Self {
        self.consecutive = failures.into().map(|failures| failures.max(1));
        self
    }

    /// How far back failures count, in ten slices. Defaults to 10 s.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How long the circuit stays open before a request is let through to see. Defaults to 10 s.
    #[must_use]
    pub const fn open(mut self, time: Duration) -> Self {
        self.open = time;
        self
    }

    /// The bound of that time, which doubles each time such a request fails. Defaults to 10 s: with
    /// the default of [`open`](Self::open) it does not double.
    #[must_use]
    pub const fn max_open(mut self, time: Duration) -> Self {
        self.max_open = time;
        self
    }

    /// How many requests are let through to see, and how many good answers close the circuit.
    /// Defaults to 2.
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes.max(1);
        self
    }

    /// Which statuses of an answer are failures. Defaults to all from 500 on.
    ///
    /// Failures of the connection and of time always are.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = Some(statuses.into_iter().collect());
        self
    }

    /// What an answer says about whoever gave it.
    pub(crate) fn verdict<B>(&self, response: &http::Response<B>) -> Verdict {
        if let Some(error) = response.extensions().get::<GatewayError>() {
            return verdict_of(error.kind());
        }
        let status = response.status();
        let failed = match &self.statuses {
            Some(statuses) => statuses.contains(&status),
            None => status.is_server_error(),
        };
        if failed {
            Verdict::Failure
        } else {
            Verdict::Success
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

/// What a refusal of the gateway says about the upstream.
///
/// Nothing, unless the upstream was at fault: a limit, another open circuit and a deadline that the
/// client set short are not. The status of a refusal is never looked at.
pub(crate) const fn verdict_of(kind: ErrorKind) -> Verdict {
    match kind {
        ErrorKind::UpstreamConnect
        | ErrorKind::UpstreamTls
        | ErrorKind::UpstreamReset
        | ErrorKind::UpstreamProtocol
        | ErrorKind::UpstreamInvalid
        | ErrorKind::UpstreamError
        | ErrorKind::UpstreamTimeout => Verdict::Failure,
        _ => Verdict::Neutral,
    }
}

/// Whether the answer to a good head has more to come that may break.
pub(crate) fn has_body(response: &Response) -> bool {
    response.status() != StatusCode::SWITCHING_PROTOCOLS && response.body().as_bytes().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(rules: &Breaker, status: u16, kind: Option<ErrorKind>) -> Verdict {
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if let Some(kind) = kind {
            response.extensions_mut().insert(GatewayError::new(kind));
        }
        rules.verdict(&response)
    }

    #[test]
    fn answers_are_told_apart() {
        let rules = Breaker::new();
        assert_eq!(verdict(&rules, 200, None), Verdict::Success);
        assert_eq!(verdict(&rules, 404, None), Verdict::Success);
        assert_eq!(verdict(&rules, 500, None), Verdict::Failure);
        let refused = |kind: ErrorKind| verdict(&rules, kind.status().as_u16(), Some(kind));
        assert_eq!(refused(ErrorKind::UpstreamConnect), Verdict::Failure);
        assert_eq!(refused(ErrorKind::UpstreamTimeout), Verdict::Failure);
        assert_eq!(refused(ErrorKind::Overloaded), Verdict::Neutral);
        assert_eq!(refused(ErrorKind::CircuitOpen), Verdict::Neutral);
        assert_eq!(refused(ErrorKind::DeadlineExceeded), Verdict::Neutral);
        let some = Breaker::new().statuses([StatusCode::SERVICE_UNAVAILABLE]);
        assert_eq!(verdict(&some, 500, None), Verdict::Success);
        assert_eq!(verdict(&some, 503, None), Verdict::Failure);
        assert_eq!(
            verdict(&some, 502, Some(ErrorKind::UpstreamReset)),
            Verdict::Failure
        );
    }

    #[test]
    fn nonsense_is_bounded() {
        assert_eq!(Breaker::new().error_ratio(7.0).ratio, Some(1_000_000));
        assert_eq!(Breaker::new().error_ratio(f64::NAN).ratio, Some(0));
        assert_eq!(Breaker::new().error_ratio(None).ratio, None);
        assert_eq!(Breaker::new().probes(0).probes, 1);
        assert_eq!(Breaker::new().consecutive(0).consecutive, Some(1));
    }
}
