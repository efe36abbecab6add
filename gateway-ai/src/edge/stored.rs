//! Requests about answers and conversations that a provider keeps.

use std::sync::Arc;

use bytes::Bytes;
use gateway_core::{Body, BoxError, Responder, Response, body::collect};
use http::{Method, request::Parts};
use http_body::Body as HttpBody;

use super::{
    memory::{Found, Remember, tenant},
    refuse,
    shared::{Shared, refused},
};
use crate::{
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    providers::{Provider, Stored},
};

/// What of the paths under `/responses` and `/conversations` a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredPath<'a> {
    /// The path behind the version.
    pub(super) path: &'a str,
    /// The answer or conversation; absent where one is to be made.
    pub(super) id: Option<&'a str>,
}

/// Reads a path; the methods it has where it is none of this method.
pub(super) fn of<'a>(
    method: &Method,
    path: &'a str,
) -> Option<Result<StoredPath<'a>, &'static str>> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let surface = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let (id, allowed) = match (surface, rest.as_slice()) {
        ("responses", [id]) => (Some(*id), "GET, DELETE"),
        ("responses", [id, "cancel"]) => (Some(*id), "POST"),
        ("responses", [id, "input_items"]) => (Some(*id), "GET"),
        ("conversations", []) => (None, "POST"),
        ("conversations", [id]) => (Some(*id), "GET, POST, DELETE"),
        ("conversations", [id, "items"]) => (Some(*id), "GET, POST"),
        ("conversations", [id, "items", item]) if is_id(item) => (Some(*id), "GET, DELETE"),
        _ => return None,
    };
    if !id.is_none_or(is_id) {
        return None;
    }
    Some(among(method, allowed).map(|()| StoredPath { path, id }))
}

/// Whether a method is among those of an `Allow` field; if not, that field.
pub(super) fn among(method: &Method, allowed: &'static str) -> Result<(), &'static str> {
    let found = allowed.split(", ").any(|one| one == method.as_str());
    found.then_some(()).ok_or(allowed)
}

/// An id goes into a URL as it is, so it must be one segment and nothing else.
pub(super) fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    (1..=200).contains(&id.len()) && id.bytes().all(plain)
}

impl Shared {
    pub(super) async fn stored<B>(
        &self,
        responder: &Responder,
        stored: StoredPath<'_>,
        parts: &Parts,
        body: B,
    ) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = match self.read(parts, body).await {
            Ok(body) => body,
            Err(error) => return refused(responder, parts, error),
        };
        let answer = match self.keeper(stored, parts) {
            Ok(provider) => self.ask_keeper(provider, stored, parts, body).await,
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(|error| refuse::request(responder, Dialect::Responses, &error))
    }

    /// Who keeps an id: whoever gave it, or the only one that could have.
    fn keeper(&self, stored: StoredPath<'_>, parts: &Parts) -> Result<&Provider, AiError> {
        let providers = self.catalog.providers();
        let known = stored
            .id
            .map(|id| self.memory.find(&tenant(parts.extensions.get()), id));
        match known {
            Some(Found::At(name)) => {
                if let Some(provider) = providers.get(&name) {
                    return Ok(provider);
                }
            }
            Some(Found::Foreign) => return Err(unknown(stored.id)),
            Some(Found::Nothing) | None => {}
        }
        let mut able = providers
            .iter()
            .filter(|provider| provider.speaks(Dialect::Responses));
        match (able.next(), able.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(AiError::new(
                AiErrorKind::Unsupported,
                "no provider here has the Responses API, so that nothing is kept",
            )),
            (Some(_), Some(_)) => Err(unknown(stored.id)),
        }
    }

    async fn ask_keeper(
        &self,
        provider: &Provider,
        stored: StoredPath<'_>,
        parts: &Parts,
        body: Bytes,
    ) -> Result<Response, AiError> {
        let body = Body::from(body);
        let response = ask(provider, stored.path, Dialect::Responses, parts, body).await?;
        if stored.id.is_some() || !response.status().is_success() {
            return Ok(response);
        }
        // Something was made: whoever made it may ask for it again.
        let (head, body) = response.into_parts();
        let bytes = read(body, MADE_LIMIT).await?;
        let name: &Arc<str> = provider.name();
        Remember::new(&self.memory, parts.extensions.get()).note_object(&bytes, name);
        Ok(Response::from_parts(head, Body::from(bytes)))
    }
}

/// Asks for what stands at `path`, with the query, headers and method of the client.
pub(super) async fn ask(
    provider: &Provider,
    path: &str,
    dialect: Dialect,
    parts: &Parts,
    body: Body,
) -> Result<Response, AiError> {
    let query = parts.uri.query().map(|query| format!("?{query}"));
    let stored = Stored {
        method: parts.method.clone(),
        path: format!("{path}{}", query.unwrap_or_default()),
        headers: parts.headers.clone(),
        dialect,
        body,
    };
    provider.stored(stored).await
}

/// The whole of an answer that ids are read from.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, AiError> {
    let collected = collect(body, limit).await.map_err(|_| {
        AiError::upstream(AiErrorKind::Truncated, "the provider's answer broke off")
    })?;
    Ok(collected.into_parts().0)
}

/// What is nobody's, or somebody else's: the two are not told apart.
pub(super) fn no_such(id: &str) -> AiError {
    AiError::new(AiErrorKind::NotFound, format!("there is no `{id}` here"))
        .with_code("not_found")
        .with_param("id")
}

fn unknown(id: Option<&str>) -> AiError {
    match id {
        Some(id) => no_such(id),
        None => AiError::invalid(
            "several providers here keep conversations; make one with a response instead",
        ),
    }
}

const MADE_LIMIT: usize = 1024 * 1024;
