use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{AiError, AiErrorKind},
    json::{Fields, locate},
};

/// Reads a client's body; an error names the field.
pub(crate) fn read_body<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, AiError> {
    read_json(body).map_err(|error| body_error(&error))
}

/// Reads JSON whose encoding is checked once and not string by string.
pub(crate) fn read_json<'de, T: Deserialize<'de>>(body: &'de [u8]) -> serde_json::Result<T> {
    match simdutf8::basic::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        // It says where.
        Err(_) => serde_json::from_slice(body),
    }
}

/// Reads a part of a client's body that was kept for later; an error names the field with its path.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    field: &'static str,
) -> Result<T, AiError> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let inner = body_error(&error);
        let path = match inner.param() {
            Some(path) => format!("{field}.{path}"),
            None => field.to_owned(),
        };
        AiError::invalid(format!("{field}: {}", inner.message())).with_param(path)
    })
}

/// What is kept as it is, but nested deeper than anything is followed.
pub(crate) fn too_deep(error: impl fmt::Display, field: &str) -> AiError {
    AiError::invalid(format!("{field}: {error}")).with_param(field)
}

/// What a client did wrong in its JSON.
fn body_error(error: &serde_json::Error) -> AiError {
    let (path, reason) = locate(error);
    match path {
        Some(path) => AiError::invalid(format!("{path}: {reason}")).with_param(path),
        None => AiError::invalid(format!("the body is not a valid request: {reason}")),
    }
}

/// An event of a stream that cannot be read; one that just stops was cut off.
pub(crate) fn unreadable(error: &serde_json::Error) -> AiError {
    let (path, reason) = locate(error);
    // A typed reader turns the category into "data", but keeps the words.
    if error.is_eof() || reason.contains("EOF while parsing") {
        return broken_off();
    }
    let place = path.map(|path| format!(" at {path}")).unwrap_or_default();
    let message = format!("the provider's answer cannot be read{place}: {reason}");
    AiError::upstream(AiErrorKind::Malformed, message)
}

/// The stream of a provider that went away in the middle of it.
pub(crate) fn broken_off() -> AiError {
    AiError::upstream(
        AiErrorKind::Truncated,
        "the stream ended before the answer did",
    )
}

/// Refuses a field that differs from a known one in case alone, and a known one given twice.
///
/// Two readers that disagree about `Model` and `model` are two policies: what is checked here would
/// not be what the provider runs.
pub(crate) fn check_policy_keys(extra: &Fields<'_>, known: &[&str]) -> Result<(), AiError> {
    for (name, _) in extra.iter() {
        if let Some(known) = known.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            return Err(
                AiError::invalid(format!("`{}` is not `{known}`", &**name)).with_param(&**name)
            );
        }
    }
    Ok(())
}
