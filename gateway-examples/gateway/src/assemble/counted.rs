use std::convert::Infallible;

use gateway_core::{Outcome, Request, Response, SharedService, Upstream};
use gateway_layers::observe::Metrics;
use tower::{ServiceExt as _, service_fn};

use super::upstream::UpstreamService;

/// The upstream, for calls that are not the client's request but a part or a copy of it.
///
/// What they learn must not be written over what is logged of that request, so each has a record of
/// its own; the metrics of the upstream count them like all others.
pub(super) fn counted(service: UpstreamService, metrics: Metrics) -> SharedService {
    SharedService::new(service_fn(move |mut request: Request| {
        let tally = Tally {
            outcome: Outcome::new(),
            metrics: metrics.clone(),
        };
        request.extensions_mut().insert(tally.outcome.clone());
        let call = service.clone().oneshot(request);
        async move {
            let response = call.await?;
            tally.answered(&response);
            Ok::<_, Infallible>(response)
        }
    }))
}

/// Counts when it is dropped: a call that is given up has been one, too.
struct Tally {
    outcome: Outcome,
    metrics: Metrics,
}

impl Tally {
    fn answered(&self, response: &Response) {
        if let Some(upstream) = response.extensions().get::<Upstream>() {
            let upstream = Some(upstream.clone());
            self.outcome.update(|record| record.upstream = upstream);
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if let Some(upstream) = self.outcome.take().upstream {
            self.metrics.count_upstream(&upstream);
        }
    }
}
