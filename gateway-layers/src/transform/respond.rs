use std::sync::Arc;

use gateway_core::{Body, ErrorKind, GatewayError, Responder};
use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;

use super::{
    OnUnreadable,
    content::{Side, Unedited, edit, forget_bytes, is_encoded, says_json},
    layer::Shared,
    template::Facts,
};

/// What is to be done with the response, and what must be known about the request for it.
#[derive(Debug)]
pub(super) struct Answering {
    shared: Arc<Shared>,
    facts: Facts,
    responder: Responder,
    head: bool,
}

impl Answering {
    pub(super) fn new<B>(
        shared: &Arc<Shared>,
        responder: &Responder,
        request: &Request<B>,
    ) -> Option<Self> {
        let plan = &shared.plan.response;
        if plan.is_empty() {
            return None;
        }
        Some(Self {
            facts: Facts::needed(plan.needs_facts, request.extensions()),
            shared: Arc::clone(shared),
            responder: responder.clone(),
            head: request.method() == Method::HEAD,
        })
    }

    /// Edits status and header; `true` if the body is to be edited too.
    pub(super) fn edit_head(&self, response: &mut Response<Body>) -> bool {
        let plan = &self.shared.plan.response;
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return false;
        }
        let json = !plan.json.is_empty() && says_json(response.headers());
        if let Some((_, to)) = plan.status.iter().find(|(from, _)| *from == status) {
            *response.status_mut() = *to;
        }
        plan.headers.apply(response.headers_mut(), &self.facts);
        if json && self.head {
            // The lengths and tags are those of the content before the edit.
            forget_bytes(response.headers_mut());
        }
        json && !self.head && !response.body().is_end_stream()
    }

    /// Edits the body. Called if [`edit_head`](Self::edit_head) said so.
    pub(super) async fn edit_body(self, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        if is_encoded(&parts.headers) {
            return self.unreadable(Response::from_parts(parts, body));
        }
        let ops = &self.shared.plan.response.json;
        let limit = self.shared.max_body;
        match edit(Side::Response, &mut parts.headers, body, ops, limit).await {
            Ok(body) => Response::from_parts(parts, body),
            Err(Unedited::Unreadable(body)) => self.unreadable(Response::from_parts(parts, body)),
            Err(Unedited::Failed(error)) => self.responder.refuse(error),
        }
    }

    pub(super) async fn finish(self, mut response: Response<Body>) -> Response<Body> {
        if self.edit_head(&mut response) {
            self.edit_body(response).await
        } else {
            response
        }
    }

    fn unreadable(self, response: Response<Body>) -> Response<Body> {
        match self.shared.on_unreadable {
            OnUnreadable::Pass => response,
            OnUnreadable::Refuse => {
                let error = GatewayError::new(ErrorKind::UpstreamInvalid)
                    .detail("the answer cannot be read as JSON")
                    .layer("transform");
                self.responder.refuse(error)
            }
        }
    }
}
