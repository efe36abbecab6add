use bytes::{Bytes, BytesMut};
use gateway_core::Body;

use super::{
    Quirks,
    adapt::adapt,
    bedrock,
    exotic::Exotic,
    foreign,
    routes::{Platform, Routes},
    vertex, watsonx,
};
use crate::{
    call::{AiCall, Operation},
    dialect::{Dialect, Restore, Target},
    error::{AiError, AiErrorKind},
    loss::Losses,
};

/// What is sent to a provider, and what must be known about it when the answer comes.
pub(super) struct Payload {
    pub(super) body: Body,
    pub(super) losses: Losses,
    pub(super) restore: Restore,
    /// Whether the provider counts only because the gateway asked for it.
    pub(super) hide_usage: bool,
    /// How the answer is read, where it is neither passed on nor a conversation.
    pub(super) exotic: Option<Exotic>,
}

impl Payload {
    /// The call's body for `model` in the provider's dialect: the client's own bytes where it
    /// speaks the same one, printed from the canonical form where it does not.
    pub(super) fn new(
        call: &AiCall,
        to: &Routes,
        quirks: &Quirks,
        model: &str,
    ) -> Result<Self, AiError> {
        let mut payload = Self::spoken(call, to, quirks, model)?;
        match (to.platform, to.dialect) {
            (Platform::Vertex, Dialect::Messages) => {
                payload.edit(|body| vertex::messages(body, call.operation()));
            }
            (Platform::Watsonx, _) => payload.edit(|body| watsonx::body(body, &to.project)),
            (Platform::Invoke, _) if call.operation() == Operation::Chat => {
                payload.edit(|body| bedrock::messages(body, call.headers()));
            }
            _ => {}
        }
        Ok(payload)
    }

    /// What is said in the dialect, before the platform has its way with it.
    fn spoken(call: &AiCall, to: &Routes, quirks: &Quirks, model: &str) -> Result<Self, AiError> {
        let dialect = to.dialect;
        let streams_chat =
            dialect == Dialect::Chat && call.is_stream() && call.operation() == Operation::Chat;
        if let Some(form) = call.form() {
            let spent = || AiError::new(AiErrorKind::Server, "an upload cannot be sent twice");
            return Ok(Self::of(form.body(model).ok_or_else(spent)?));
        }
        if let Some((exotic, body, losses)) = Exotic::of(call, to, quirks, model)? {
            refuse_losses(call, &losses)?;
            return Ok(Self {
                losses,
                exotic,
                ..Self::of(Body::from(body))
            });
        }
        match call.wire() {
            Some(wire) if call.dialect() == dialect && !foreign::is_in(dialect, wire.bytes()) => {
                let ask = streams_chat && quirks.stream_usage && !wire.wants_usage();
                Ok(Self {
                    hide_usage: ask,
                    ..Self::of(Body::from(wire.splice(model, ask)))
                })
            }
            _ => Self::print(call, dialect, quirks, model, streams_chat),
        }
    }

    /// Changes the body's bytes, where `edit` understands them.
    fn edit(&mut self, edit: impl FnOnce(&[u8]) -> Option<Bytes>) {
        let edited = self.body.as_bytes().and_then(|bytes| edit(bytes));
        if let Some(edited) = edited {
            self.body = Body::from(edited);
        }
    }

    fn of(body: Body) -> Self {
        Self {
            body,
            losses: Losses::new(),
            restore: Restore::default(),
            hide_usage: false,
            exotic: None,
        }
    }

    fn print(
        call: &AiCall,
        dialect: Dialect,
        quirks: &Quirks,
        model: &str,
        streams_chat: bool,
    ) -> Result<Self, AiError> {
        let request = call.request()?;
        let target = if request.source == dialect {
            Target {
                stream_usage: quirks.stream_usage,
                ..Target::verbatim(dialect, model)
            }
        } else {
            quirks.target(dialect, model)
        };
        let mut out = BytesMut::with_capacity(call.wire().map_or(1024, |w| w.bytes().len() + 256));
        let printed = dialect.print_request(request, &target, &mut out)?;
        let (mut body, mut losses) = (out.freeze(), printed.losses);
        if !quirks.unsupported.is_empty() || !quirks.renamed.is_empty() {
            body = adapt(&body, quirks, &mut losses)?;
        }
        refuse_losses(call, &losses)?;
        Ok(Self {
            body: Body::from(body),
            losses,
            restore: printed.restore,
            hide_usage: streams_chat
                && quirks.stream_usage
                && request.source == dialect
                && request.stream.include_usage != Some(true),
            exotic: None,
        })
    }
}

/// What is lost is an error where nothing may be.
fn refuse_losses(call: &AiCall, losses: &Losses) -> Result<(), AiError> {
    let Some(first) = losses.iter().next().filter(|_| call.is_strict()) else {
        return Ok(());
    };
    let message = format!("`{first}` cannot be expressed for this model and `strict` is set");
    Err(AiError::new(AiErrorKind::Lossy, message).with_param(first))
}
