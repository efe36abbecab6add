//! Which provider keeps an answer, and for whom.

use std::{fmt, sync::Arc};

use gateway_core::Identity;
use http::Extensions;
use memchr::memmem;
use quick_cache::sync::Cache;

use crate::{
    call::{AiCall, Operation},
    dialect::Dialect,
    error::AiError,
    guardian::Guardian,
    json::{Member, Members},
    keeper::Keeper,
    models::Kept,
};

/// The ids of answers and conversations that passed by: bounded, and gone with the process.
///
/// An id belongs to the tenant it was given to. To another it is unknown, wherever it is kept.
pub(super) struct Memory {
    ids: Cache<Box<str>, Owner>,
}

#[derive(Clone)]
struct Owner {
    tenant: Arc<str>,
    provider: Arc<str>,
}

/// What an [`AiService`](super::AiService) has learnt from the answers that passed by: who keeps which
/// answer, and which proofs came with which calls. Clones share it.
///
/// A service that takes the place of another – after a change of its configuration – is given the
/// state of the one before, so that conversations go on.
#[derive(Clone, Debug)]
pub struct AiState {
    pub(super) memory: Arc<Memory>,
    pub(super) keeper: Option<Keeper>,
    pub(super) guardian: Option<Guardian>,
}

/// What is known of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This provider keeps it.
    At(Arc<str>),
    /// It is somebody else's.
    Foreign,
    /// It was never seen, or is forgotten.
    Nothing,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            ids: Cache::new(CAPACITY),
        }
    }

    pub(super) fn find(&self, tenant: &str, id: &str) -> Found {
        match self.ids.get(id) {
            Some(owner) if *owner.tenant == *tenant => Found::At(owner.provider),
            Some(_) => Found::Foreign,
            None => Found::Nothing,
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("ids", &self.ids.len())
            .finish()
    }
}

/// Whose ids a caller may name: its tenant's, or its own.
pub(crate) fn tenant(identity: Option<&Identity>) -> String {
    match identity {
        Some(identity) => match identity.tenant() {
            Some(tenant) => format!("tenant {tenant}"),
            None => format!("subject {} {}", identity.issuer(), identity.subject()),
        },
        None => String::new(),
    }
}

/// Notes the ids of one caller's answers.
#[derive(Clone, Debug)]
pub(super) struct Remember {
    memory: Arc<Memory>,
    tenant: Arc<str>,
}

impl Remember {
    pub(super) fn new(memory: &Arc<Memory>, identity: Option<&Identity>) -> Self {
        Self {
            memory: Arc::clone(memory),
            tenant: tenant(identity).into(),
        }
    }

    /// Notes who keeps an id. One that is known stays whose it is.
    pub(super) fn note(&self, id: &str, provider: &Arc<str>) {
        if id.is_empty()
            || id.len() > LONGEST
            || self.memory.find(&self.tenant, id) == Found::Foreign
        {
            return;
        }
        let owner = Owner {
            tenant: Arc::clone(&self.tenant),
            provider: Arc::clone(provider),
        };
        self.memory.ids.insert(id.into(), owner);
    }

    /// Notes the `id` of a JSON object.
    pub(super) fn note_object(&self, bytes: &[u8], provider: &Arc<str>) {
        self.note_member(bytes, "id", provider);
    }

    /// Notes the id in a member of a JSON object.
    pub(super) fn note_member(&self, bytes: &[u8], name: &str, provider: &Arc<str>) {
        if let Some(id) = member(bytes, name).and_then(text) {
            self.note(&id, provider);
        }
    }

    /// Notes the answer that an event of a stream is about.
    pub(super) fn note_event(&self, data: &[u8], provider: &Arc<str>) {
        if let Some(response) = member(data, "response") {
            self.note_object(response.as_bytes(), provider);
        }
    }
}

/// Attaches to a call of Responses what its answer is to be remembered by, and where the answer or
/// conversation that it continues is kept.
///
/// # Errors
///
/// A client fault where what it continues is another tenant's.
pub(super) fn attach(
    memory: &Arc<Memory>,
    call: &AiCall,
    extensions: &mut Extensions,
) -> Result<(), AiError> {
    if call.dialect() != Dialect::Responses || call.operation() != Operation::Chat {
        return Ok(());
    }
    let remember = Remember::new(memory, extensions.get());
    if let Some((field, id)) = call.wire().and_then(|wire| continued(wire.bytes())) {
        let provider = match memory.find(&remember.tenant, &id) {
            Found::At(provider) => Some(provider),
            Found::Nothing => None,
            Found::Foreign => {
                let message = format!("`{field}`: there is no `{id}`");
                return Err(AiError::invalid(message)
                    .with_param(field)
                    .with_code("previous_response_not_found"));
            }
        };
        extensions.insert(Kept::new(provider));
    }
    extensions.insert(remember);
    Ok(())
}

/// What a call continues, and the field that says so.
fn continued(body: &[u8]) -> Option<(&'static str, String)> {
    for field in ["previous_response_id", "conversation"] {
        // Most bodies have neither: a search is cheaper than a walk.
        if memmem::find(body, field.as_bytes()).is_none() {
            continue;
        }
        let value = member(body, field);
        let id =
            value.and_then(|value| text(value).or_else(|| text(member(value.as_bytes(), "id")?)));
        if let Some(id) = id {
            return Some((field, id));
        }
    }
    None
}

/// The value of an object's member.
pub(super) fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a str> {
    let mut members = Members::of(object).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        if key == name {
            return Some(members.text(&value));
        }
    }
    None
}

/// A string's text.
pub(super) fn text(value: &str) -> Option<String> {
    value
        .starts_with('"')
        .then(|| serde_json::from_str(value).ok())
        .flatten()
}

const CAPACITY: usize = 10_000;
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use gateway_core::context::IdentityKind;

    use super::*;

    #[test]
    fn an_id_belongs_to_whom_it_was_given() {
        let memory = Arc::new(Memory::new());
        let identity = |subject: &str| Identity::new(IdentityKind::ApiKey, "iss", subject);
        let (one, two) = (identity("a").with_tenant("t"), identity("b"));
        let provider: Arc<str> = "openai".into();
        let remember = Remember::new(&memory, Some(&one));
        remember.note_object(br#"{"x":{"id":"no"},"id":"resp_1"}"#, &provider);
        remember.note_event(
            br#"{"type":"response.created","response":{"id":"resp_2"}}"#,
            &provider,
        );
        for id in ["resp_1", "resp_2"] {
            assert_eq!(
                memory.find(&tenant(Some(&one)), id),
                Found::At(provider.clone())
            );
            assert_eq!(memory.find(&tenant(Some(&two)), id), Found::Foreign);
        }
        assert_eq!(memory.find("", "no"), Found::Nothing);
        Remember::new(&memory, Some(&two)).note("resp_1", &provider);
        assert_eq!(memory.find(&tenant(Some(&two)), "resp_1"), Found::Foreign);
    }

    #[test]
    fn what_is_continued_is_found_in_either_form() {
        let found = |body: &str| continued(body.as_bytes());
        let one = found(r#"{"input":"previous_response_id","previous_response_id":"r"}"#);
        assert_eq!(one, Some(("previous_response_id", "r".to_owned())));
        let two = found(r#"{"conversation":{"id":"c"}}"#);
        assert_eq!(two, Some(("conversation", "c".to_owned())));
        assert_eq!(
            found(r#"{"input":"conversation","previous_response_id":null}"#),
            None
        );
    }
}
