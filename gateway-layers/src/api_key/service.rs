use std::{
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

use gateway_core::{ErrorKind, GatewayError, Outcome, RejectBody, Responder};
use http::{HeaderValue, Request, Response, header};
use tower_service::Service;

use super::{
    ApiKey, KeySource, ResponseFuture,
    source::{self, Found},
    table::{Entry, Table},
};
use crate::identity_headers::IdentityHeaders;

/// Middleware that admits requests that carry a known key.
///
/// Named `ApiKeyService` because `ApiKey` is what it knows. See the
/// [module docs](crate::api_key) for an example.
#[derive(Clone, Debug)]
pub struct ApiKeyService<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    keys: Vec<ApiKey>,
    table: Table,
    pub(super) sources: Vec<KeySource>,
    pub(super) issuer: Box<str>,
    pub(super) realm: String,
    pub(super) upstream: IdentityHeaders,
    pub(super) optional: bool,
    pub(super) strip: bool,
}

impl Shared {
    pub(super) fn new(keys: Vec<ApiKey>) -> Self {
        let mut shared = Self {
            keys,
            table: Table::default(),
            sources: KeySource::usual(),
            issuer: "api_key".into(),
            realm: "gateway".to_owned(),
            upstream: IdentityHeaders::default(),
            optional: false,
            strip: true,
        };
        shared.index();
        shared
    }

    pub(super) fn index(&mut self) {
        self.table = Table::new(&self.keys, &self.issuer, &self.upstream);
    }

    fn authenticate<B>(&self, request: &mut Request<B>) -> Result<(), GatewayError> {
        let found = match source::find(&self.sources, request.headers()) {
            Found::One(key) => Some(self.entry(key)?),
            Found::None if self.optional => None,
            Found::None => return Err(self.refusal(ErrorKind::AuthRequired)),
            Found::Several => {
                let refusal = self.refusal(ErrorKind::KeyInvalid);
                return Err(refusal.detail("several different keys in one request"));
            }
        };
        if self.strip {
            source::strip(&self.sources, request.headers_mut());
        }
        let told = found.map_or(&[][..], |entry| &entry.upstream);
        self.upstream.write(request.headers_mut(), told);
        if let Some(entry) = found {
            Outcome::record(request.extensions(), |record| {
                record.identity = Some(entry.identity.clone());
            });
            request.extensions_mut().insert(entry.identity.clone());
        }
        Ok(())
    }

    fn entry(&self, key: &[u8]) -> Result<&Entry, GatewayError> {
        let found = self.table.find(key, SystemTime::now());
        found.map_err(|kind| self.refusal(kind))
    }

    /// RFC 9110 §11.6.1 wants a challenge with every 401, RFC 6750 §3 says which.
    fn refusal(&self, kind: ErrorKind) -> GatewayError {
        let (scheme, name) = self
            .sources
            .first()
            .map_or(("ApiKey", &header::AUTHORIZATION), KeySource::challenge);
        let realm = &self.realm;
        let mut challenge = format!("{scheme} realm=\"{realm}\"");
        if scheme == "ApiKey" {
            challenge += &format!(", header=\"{name}\"");
        }
        if kind != ErrorKind::AuthRequired {
            challenge += ", error=\"invalid_token\"";
        }
        let error = GatewayError::new(kind).layer("api_key");
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => error.header(header::WWW_AUTHENTICATE, challenge),
            Err(_) => error,
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ApiKeyService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.shared.authenticate(&mut request) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(refusal) => ResponseFuture::refused(Responder::of(&request).refuse(refusal)),
        }
    }
}

#[cfg(test)]
mod tests;
