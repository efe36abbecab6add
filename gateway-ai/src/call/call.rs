use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use compact_str::CompactString;
use gateway_core::{Deadline, Identity, Outcome, RequestId};
use http::{Extensions, HeaderMap};

use super::{Attempts, FailedAttempt, Form, Operation, Wire};
use crate::{
    canonical::Request,
    dialect::{Dialect, Url},
    error::AiError,
    keeper::Held,
    models::Target,
};

/// A call on its way from the edge to a provider.
///
/// It carries what the client sent – untouched bytes, parsed only if someone asks – and who sent it:
/// the headers and the request's vocabulary. Cloning is a reference count, so every attempt of a
/// fallback gets its own copy.
///
/// Layers between the edge and the providers are services over `AiCall`. One that looks at the
/// conversation calls [`request`](Self::request); one that changes it calls [`edit`](Self::edit),
/// after which the bytes are gone and every dialect is printed from the canonical form.
#[derive(Clone)]
pub struct AiCall {
    shared: Arc<Shared>,
    body: Body,
    target: Option<Target>,
    strict: bool,
}

struct Shared {
    dialect: Dialect,
    operation: Operation,
    model: CompactString,
    stream: bool,
    headers: HeaderMap,
    extensions: Extensions,
    held: Held,
    attempts: Mutex<Attempts>,
}

impl Shared {
    fn new(dialect: Dialect, operation: Operation, model: &str, stream: bool) -> Self {
        Self {
            dialect,
            operation,
            model: model.into(),
            stream,
            headers: HeaderMap::new(),
            extensions: Extensions::new(),
            held: Held::default(),
            attempts: Mutex::default(),
        }
    }
}

#[derive(Clone)]
enum Body {
    /// As the client sent it.
    Wire(Arc<WireBody>),
    /// As the client sent it, with uploads in it.
    Form(Arc<Form>),
    /// Made or changed by the gateway.
    Typed(Arc<Request>),
}

struct WireBody {
    wire: Wire,
    /// Whether model and stream stand in the URL and not in the body (Gemini).
    in_url: bool,
    /// Apart: what passes as it is never has it.
    parsed: OnceLock<Result<Box<Request>, AiError>>,
}

impl Body {
    fn wire(wire: Wire, in_url: bool) -> Self {
        Self::Wire(Arc::new(WireBody {
            wire,
            in_url,
            parsed: OnceLock::new(),
        }))
    }
}

impl AiCall {
    /// A call with a body as a client of `dialect` sends it.
    ///
    /// # Errors
    ///
    /// A client fault when the body is not an object of that dialect that names a model.
    pub fn from_wire(dialect: Dialect, operation: Operation, body: Bytes) -> Result<Self, AiError> {
        let wire = Wire::read(body)?;
        let shared = Shared::new(dialect, operation, wire.model()?, wire.is_stream());
        Ok(Self::build(shared, Body::wire(wire, false)))
    }

    /// A call whose URL names the model and says whether a stream is wanted, as Gemini's do.
    ///
    /// # Errors
    ///
    /// A client fault when the body is not an object.
    pub fn from_url(
        dialect: Dialect,
        body: Bytes,
        model: &str,
        stream: bool,
    ) -> Result<Self, AiError> {
        let wire = Wire::read(body)?;
        let shared = Shared::new(dialect, Operation::Chat, model, stream);
        Ok(Self::build(shared, Body::wire(wire, true)))
    }

    /// The same call for another operation. Defaults to [`Operation::Chat`] where a constructor does
    /// not ask for it.
    #[must_use]
    pub fn with_operation(mut self, operation: Operation) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.operation = operation;
        }
        self
    }

    /// A call with a form as its body: a surface of the OpenAI API that takes uploads.
    #[must_use]
    pub fn from_form(operation: Operation, form: Form) -> Self {
        let shared = Shared::new(Dialect::Chat, operation, form.model(), false);
        Self::build(shared, Body::Form(Arc::new(form)))
    }

    /// A chat call made in Rust; the answer comes in the dialect the request says it is in.
    #[must_use]
    pub fn from_request(request: Request) -> Self {
        let shared = Shared::new(
            request.source,
            Operation::Chat,
            request.model.as_str(),
            request.is_stream(),
        );
        Self::build(shared, Body::Typed(Arc::new(request)))
    }

    fn build(shared: Shared, body: Body) -> Self {
        Self {
            shared: Arc::new(shared),
            body,
            target: None,
            strict: false,
        }
    }

    /// Attaches the head of the HTTP request the call came with.
    #[must_use]
    pub fn with_head(mut self, headers: HeaderMap, extensions: Extensions) -> Self {
        match Arc::get_mut(&mut self.shared) {
            Some(shared) => (shared.headers, shared.extensions) = (headers, extensions),
            // Clones keep the head they have.
            None => {
                self.shared = Arc::new(Shared {
                    dialect: self.shared.dialect,
                    operation: self.shared.operation,
                    model: self.shared.model.clone(),
                    stream: self.shared.stream,
                    headers,
                    extensions,
                    held: self.shared.held.clone(),
                    attempts: Mutex::new(self.attempts()),
                });
            }
        }
        self
    }

    /// Attaches what the edge knows about the client. Clones keep what they have.
    #[must_use]
    pub(crate) fn with_held(mut self, held: Held) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.held = held;
        }
        self
    }

    /// Refuses a translation that would lose something. Defaults to `false`.
    #[must_use]
    pub const fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The same call for one target: an attempt.
    #[must_use]
    pub fn for_target(&self, target: Target) -> Self {
        Self {
            target: Some(target),
            ..self.clone()
        }
    }

    /// The dialect the client speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    /// What is asked for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.shared.operation
    }

    /// The model as the client names it: an alias or `provider/model`.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.shared.model
    }

    /// Whether the client wants a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.shared.stream
    }

    /// Whether a translation that would lose something is refused.
    #[must_use]
    pub const fn is_strict(&self) -> bool {
        self.strict
    }

    /// The client's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.shared.headers
    }

    /// The request's vocabulary.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.shared.extensions
    }

    /// What the edge knows about the client.
    pub(crate) fn held(&self) -> &Held {
        &self.shared.held
    }

    /// The caller, if an authentication layer knows it.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.extensions().get()
    }

    /// The id of the request, if it has one.
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        self.extensions().get()
    }

    /// When the answer must be there.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.extensions().get().copied()
    }

    /// Where an outer observer collects what is learnt.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.extensions().get()
    }

    /// The target of this attempt; `None` before one was chosen.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// The attempts that have failed so far. All clones of a call share the record, so whoever holds
    /// one can read it after the call was given away.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        self.shared
            .attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many attempts have failed so far.
    pub(crate) fn failures(&self) -> usize {
        let attempts = &self.shared.attempts;
        let attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.failed().len()
    }

    /// Notes that an attempt has failed.
    pub fn note_failure(&self, attempt: FailedAttempt) {
        self.shared
            .attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(attempt);
    }

    /// The client's bytes; `None` once the call was changed or where it was made in Rust.
    #[must_use]
    pub fn wire(&self) -> Option<&Wire> {
        match &self.body {
            Body::Wire(body) => Some(&body.wire),
            Body::Form(_) | Body::Typed(_) => None,
        }
    }

    /// The client's form, if that is what it sent.
    #[must_use]
    pub fn form(&self) -> Option<&Form> {
        match &self.body {
            Body::Form(form) => Some(form),
            Body::Wire(_) | Body::Typed(_) => None,
        }
    }

    /// Whether its body was sent as it came in, and cannot be sent again.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.form().is_some_and(Form::is_spent)
    }

    /// The conversation, parsed at the first call and kept.
    ///
    /// # Errors
    ///
    /// A client fault that names the field.
    pub fn request(&self) -> Result<&Request, AiError> {
        match &self.body {
            Body::Typed(request) => Ok(request),
            Body::Form(_) => Err(AiError::invalid("a form is not a conversation")),
            Body::Wire(body) => body
                .parsed
                .get_or_init(|| {
                    let shared = &self.shared;
                    let url = if body.in_url {
                        Url {
                            model: Some(&shared.model),
                            stream: Some(shared.stream),
                        }
                    } else {
                        Url::default()
                    };
                    let parsed = shared.dialect.parse_request(body.wire.bytes(), url);
                    parsed.map(Box::new)
                })
                .as_deref()
                .map_err(Clone::clone),
        }
    }

    /// Changes the conversation. From here on nothing passes byte for byte.
    ///
    /// # Errors
    ///
    /// A client fault where the conversation cannot be parsed.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Request)) -> Result<(), AiError> {
        self.request()?;
        let parsed = match &mut self.body {
            // Nobody else looks at it: the parsed form need not be copied.
            Body::Wire(body) => Arc::get_mut(body).and_then(|body| body.parsed.take()),
            Body::Form(_) | Body::Typed(_) => None,
        };
        let mut request = match (parsed, &self.body) {
            (Some(parsed), _) => Arc::new(*parsed?),
            (None, Body::Typed(request)) => Arc::clone(request),
            (None, _) => Arc::new(self.request()?.clone()),
        };
        edit(Arc::make_mut(&mut request));
        self.body = Body::Typed(request);
        Ok(())
    }
}

impl fmt::Debug for AiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiCall")
            .field("dialect", &self.shared.dialect)
            .field("operation", &self.shared.operation)
            .field("model", &self.shared.model)
            .field("stream", &self.shared.stream)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
