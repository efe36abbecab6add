//! Files and batches: what a provider keeps for its clients, passed to one provider as it is.

use std::sync::Arc;

use bytes::Bytes;
use gateway_core::{Body, BoxError, GatewayError, Identity, Responder, Response};
use http::{Method, header, request::Parts};
use http_body::Body as HttpBody;
use serde_json::Value;

use super::{
    memory::{Found, Remember, tenant},
    refuse,
    shared::{Shared, refused},
    stored::{among, ask, is_id, no_such, read},
};
use crate::{
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    providers::Provider,
};

/// What of the paths under `/files` and `/batches` a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FilesPath<'a> {
    /// The path behind the version.
    path: &'a str,
    /// The file or batch; absent for all of them and for one that is to be made.
    id: Option<&'a str>,
    /// What is asked of it.
    about: About,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Files,
    Batches,
    /// Batches that belong to Anthropic's API by their path.
    MessageBatches,
    /// What is in a file, and what came of a batch: not JSON, and of any size.
    Content,
}

/// Reads a path; the methods it has where it is none of this method.
pub(super) fn of<'a>(
    method: &Method,
    path: &'a str,
) -> Option<Result<FilesPath<'a>, &'static str>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let (about, id, allowed) = match parts.as_slice() {
        ["files"] => (About::Files, None, "GET, POST"),
        ["files", id] => (About::Files, Some(*id), "GET, DELETE"),
        ["files", id, "content"] => (About::Content, Some(*id), "GET"),
        ["batches"] => (About::Batches, None, "GET, POST"),
        ["batches", id] => (About::Batches, Some(*id), "GET"),
        ["batches", id, "cancel"] => (About::Batches, Some(*id), "POST"),
        ["messages", "batches"] => (About::MessageBatches, None, "GET, POST"),
        ["messages", "batches", id] => (About::MessageBatches, Some(*id), "GET, DELETE"),
        ["messages", "batches", id, "cancel"] => (About::MessageBatches, Some(*id), "POST"),
        ["messages", "batches", id, "results"] => (About::Content, Some(*id), "GET"),
        _ => return None,
    };
    if !id.is_none_or(is_id) {
        return None;
    }
    Some(among(method, allowed).map(|()| FilesPath { path, id, about }))
}

impl FilesPath<'_> {
    /// Files have the same path in both APIs: Anthropic's clients name a version.
    fn dialect(&self, parts: &Parts) -> Dialect {
        let anthropics = self.path.starts_with("/messages/")
            || (self.about != About::Batches && parts.headers.contains_key("anthropic-version"));
        if anthropics {
            Dialect::Messages
        } else {
            Dialect::Chat
        }
    }

    fn makes_batch(&self, method: &Method) -> bool {
        let batches = matches!(self.about, About::Batches | About::MessageBatches);
        batches && self.id.is_none() && method == Method::POST
    }
}

impl Shared {
    pub(super) async fn files<B>(
        &self,
        responder: &Responder,
        path: FilesPath<'_>,
        parts: &Parts,
        body: B,
    ) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let dialect = path.dialect(parts);
        let answer = async {
            let (provider, body) = self.file_keeper(path, dialect, parts, body).await?;
            let answer = ask(provider, path.path, dialect, parts, body).await?;
            self.learn(provider, path, parts, answer)
                .await
                .map_err(Refused::Ai)
        };
        answer.await.unwrap_or_else(|error| match error {
            Refused::Ai(error) => refuse::request(responder, dialect, &error),
            Refused::Body(error) => refused(responder, parts, error),
        })
    }

    /// Who keeps what is asked for, and the body for it: an upload as it comes, a batch of files
    /// once it is known whose files they are.
    async fn file_keeper<B>(
        &self,
        path: FilesPath<'_>,
        dialect: Dialect,
        parts: &Parts,
        body: B,
    ) -> Result<(&Provider, Body), Refused>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let identity = parts.extensions.get::<Identity>();
        let makes = path.makes_batch(&parts.method);
        if makes && identity.is_some_and(|identity| identity.claim("models").is_some()) {
            // Which models a batch is for stands in a file that nobody here reads.
            let why = "a caller that may use some models only cannot make batches";
            return Err(AiError::new(AiErrorKind::Permission, why).into());
        }
        let find = |id: &str| self.memory.find(&tenant(identity), id);
        let (known, body) = if makes && path.about == About::Batches {
            let bytes = self.read(parts, body).await.map_err(Refused::Body)?;
            let input = serde_json::from_slice::<Value>(&bytes).ok();
            let input =
                input.and_then(|call| Some(call.get("input_file_id")?.as_str()?.to_owned()));
            let known = input.map(|id| (find(&id), id));
            (known, Body::from(bytes))
        } else {
            let known = path.id.map(|id| (find(id), id.to_owned()));
            (known, Body::new(body))
        };
        let providers = self.catalog.providers();
        if let Some((found, id)) = known {
            match found {
                Found::Foreign => return Err(no_such(&id).into()),
                Found::At(name) if let Some(provider) = providers.get(&name) => {
                    return Ok((provider, body));
                }
                _ => {}
            }
        }
        let mut able = self.files.iter().filter_map(|name| providers.get(name));
        match able.find(|provider| provider.keeps_files(dialect)) {
            Some(provider) => Ok((provider, body)),
            None => Err(AiError::new(
                AiErrorKind::NotFound,
                "no provider here keeps files for clients of this API",
            )
            .into()),
        }
    }

    /// Notes what was made for whom, and leaves out of a list what is somebody else's.
    async fn learn(
        &self,
        provider: &Provider,
        path: FilesPath<'_>,
        parts: &Parts,
        answer: Response,
    ) -> Result<Response, AiError> {
        if path.about == About::Content || !answer.status().is_success() {
            return Ok(answer);
        }
        let (mut head, body) = answer.into_parts();
        let bytes = read(body, ANSWER_LIMIT).await?;
        let lists = path.id.is_none() && parts.method == Method::GET;
        if !lists {
            let remember = Remember::new(&self.memory, parts.extensions.get());
            let name: &Arc<str> = provider.name();
            for field in ["id", "output_file_id", "error_file_id"] {
                remember.note_member(&bytes, field, name);
            }
            return Ok(Response::from_parts(head, Body::from(bytes)));
        }
        let Some(identity) = parts.extensions.get::<Identity>() else {
            return Ok(Response::from_parts(head, Body::from(bytes)));
        };
        let tenant = tenant(Some(identity));
        let own = |id: &str| matches!(self.memory.find(&tenant, id), Found::At(_));
        let bytes = only(&bytes, own).ok_or_else(|| {
            AiError::upstream(AiErrorKind::Malformed, "the provider's list makes no sense")
        })?;
        head.headers.remove(header::CONTENT_LENGTH);
        Ok(Response::from_parts(head, Body::from(bytes)))
    }
}

/// A list with those entries alone whose id is good.
fn only(list: &[u8], good: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    let mut list: Value = serde_json::from_slice(list).ok()?;
    let entries = list.get_mut("data")?.as_array_mut()?;
    entries.retain(|entry| entry.get("id").and_then(Value::as_str).is_some_and(&good));
    let id = |entry: Option<&Value>| entry.map_or(Value::Null, |entry| entry["id"].clone());
    let (first, last) = (id(entries.first()), id(entries.last()));
    for (name, id) in [("first_id", first), ("last_id", last)] {
        if let Some(field) = list.get_mut(name) {
            *field = id;
        }
    }
    serde_json::to_vec(&list).ok()
}

/// Why nothing was asked for.
enum Refused {
    Ai(AiError),
    Body(GatewayError),
}

impl From<AiError> for Refused {
    fn from(error: AiError) -> Self {
        Self::Ai(error)
    }
}

/// What is said about files, as opposed to what is in them.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (method, path, id) in [
            (Method::POST, "/files", None),
            (Method::GET, "/files/file-1/content", Some("file-1")),
            (Method::POST, "/batches/batch_1/cancel", Some("batch_1")),
            (Method::GET, "/messages/batches/b/results", Some("b")),
            (Method::DELETE, "/messages/batches/b", Some("b")),
        ] {
            let read = of(&method, path).expect("a path").expect("its method");
            assert_eq!((read.path, read.id), (path, id));
        }
        assert_eq!(of(&Method::PUT, "/files"), Some(Err("GET, POST")));
        for path in [
            "/files/..",
            "/files/a/b",
            "/files/a%2Fb",
            "/batches/",
            "/message",
        ] {
            assert_eq!(of(&Method::GET, path), None, "{path}");
        }
    }

    #[test]
    fn a_list_is_of_ones_own() {
        let list = br#"{"object":"list","data":[{"id":"a"},{"id":"b"},{"id":"c"},{}],"first_id":"a","last_id":"c","has_more":true}"#;
        let own = only(list, |id| id == "b").expect("a list");
        let own: Value = serde_json::from_slice(&own).expect("JSON");
        assert_eq!(own["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            (&own["first_id"], &own["last_id"]),
            (&"b".into(), &"b".into())
        );
        assert!(only(b"[]", |_| true).is_none());
    }
}
