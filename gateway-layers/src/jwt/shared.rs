use std::{sync::Arc, time::Duration};

use gateway_core::{ErrorKind, GatewayError, Outcome};
use http::{HeaderValue, Request, header};

use super::{
    TokenSource,
    claims::Invalid,
    remote::Flight,
    source::{self, Found},
    verify::{Moment, Verdict, Verified, Verifier},
};

/// Everything a layer and its services share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) verifier: Verifier,
    pub(super) sources: Vec<TokenSource>,
    pub(super) realm: String,
    pub(super) optional: bool,
    pub(super) strip: bool,
}

/// What to do with a request.
pub(super) enum Judgement {
    Admit,
    Refuse(GatewayError),
    Wait(Flight),
}

impl Shared {
    /// Judges `request`, and if it is admitted writes down who calls.
    pub(super) fn judge<B>(&self, request: &mut Request<B>, waited: bool) -> Judgement {
        let token = match source::find(&self.sources, request.headers(), request.uri()) {
            Found::One(token) => token,
            Found::None if self.optional => {
                self.admit(request, None);
                return Judgement::Admit;
            }
            Found::None => {
                return Judgement::Refuse(self.challenge(ErrorKind::AuthRequired, "", ""));
            }
            Found::Several => {
                let several = Invalid::Rule("several tokens in one request");
                return Judgement::Refuse(self.invalid(several));
            }
        };
        match self.verifier.verify(token, Moment::now(), waited) {
            Verdict::Valid(verified) if !verified.permitted => Judgement::Refuse(self.forbidden()),
            Verdict::Valid(verified) => {
                self.admit(request, Some(verified));
                Judgement::Admit
            }
            Verdict::Invalid(invalid) => Judgement::Refuse(self.invalid(invalid)),
            Verdict::Wait(flight) => Judgement::Wait(flight),
            Verdict::Unavailable { retry_after } => Judgement::Refuse(unavailable(retry_after)),
        }
    }

    fn admit<B>(&self, request: &mut Request<B>, verified: Option<Arc<Verified>>) {
        if self.strip {
            // Both are borrowed from the request, and there is no split borrow of it.
            let mut uri = std::mem::take(request.uri_mut());
            source::strip(&self.sources, request.headers_mut(), &mut uri);
            *request.uri_mut() = uri;
        }
        let told = verified
            .as_ref()
            .map_or(&[][..], |verified| &verified.upstream);
        let upstream = &self.verifier.reading.upstream;
        upstream.write(request.headers_mut(), told);
        if let Some(verified) = verified {
            Outcome::record(request.extensions(), |record| {
                record.identity = Some(verified.identity.clone());
            });
            request.extensions_mut().insert(verified.identity.clone());
        }
    }

    fn invalid(&self, invalid: Invalid) -> GatewayError {
        let detail = invalid.detail();
        let error = self.challenge(invalid.kind(), "invalid_token", &detail);
        error.detail(detail)
    }

    fn forbidden(&self) -> GatewayError {
        let scope = self.verifier.reading.required_scopes.join(" ");
        let error = GatewayError::new(ErrorKind::InsufficientScope).layer(LAYER);
        let mut challenge = format!(
            "Bearer realm=\"{}\", error=\"insufficient_scope\"",
            self.realm
        );
        if !scope.is_empty() {
            challenge += &format!(", scope=\"{scope}\"");
        }
        with_challenge(error, challenge)
    }

    /// RFC 6750 §3: no `error` where there was no token.
    fn challenge(&self, kind: ErrorKind, code: &str, description: &str) -> GatewayError {
        let mut challenge = format!("Bearer realm=\"{}\"", self.realm);
        if !code.is_empty() {
            challenge += &format!(", error=\"{code}\", error_description=\"{description}\"");
        }
        with_challenge(GatewayError::new(kind).layer(LAYER), challenge)
    }
}

fn with_challenge(error: GatewayError, challenge: String) -> GatewayError {
    // Quotes in it would end a parameter early; what we write has none but those around values.
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => error.header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => error,
    }
}

fn unavailable(retry_after: Duration) -> GatewayError {
    GatewayError::new(ErrorKind::AuthUnavailable)
        .layer(LAYER)
        .detail("the keys that verify tokens cannot be fetched")
        .retry_after(retry_after)
}

const LAYER: &str = "jwt";
