use serde_json::value::RawValue;

use crate::{
    dialect::chat,
    error::{AiError, AiErrorKind},
    json::Writer,
};

/// Reads the error of a failed answer, or of an `error` event.
pub(super) fn parse(raw: Option<&RawValue>) -> AiError {
    match raw {
        Some(raw) => chat::parse_object(None, raw),
        None => AiError::upstream(AiErrorKind::Server, "the provider reported an error"),
    }
}

/// The word for an error inside an answer.
pub(super) fn code(error: &AiError) -> &str {
    let (kind, code) = chat::words(error);
    let said = error.code().filter(|_| !error.is_gateway_credential());
    said.or(code).unwrap_or(kind)
}

/// Writes the members of an `error` event.
pub(super) fn members(error: &AiError, w: &mut Writer<'_>) {
    w.str_field("code", code(error));
    w.str_field("message", error.client_message());
    w.key("param");
    match error.param() {
        Some(param) => w.string(param),
        None => w.null(),
    }
}
