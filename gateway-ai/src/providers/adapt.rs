use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::Quirks;
use crate::{
    error::{AiError, AiErrorKind},
    loss::Losses,
};

/// The same body in the fields a provider has.
pub(super) fn adapt(body: &Bytes, quirks: &Quirks, losses: &mut Losses) -> Result<Bytes, AiError> {
    let broken = |error: serde_json::Error| {
        AiError::new(
            AiErrorKind::Server,
            format!("the printed body is broken: {error}"),
        )
    };
    let mut fields: BTreeMap<&str, &RawValue> = serde_json::from_slice(body).map_err(broken)?;
    let mut changed = false;
    for name in quirks.unsupported {
        if fields.remove(name).is_some() {
            losses.add(*name);
            changed = true;
        }
    }
    for (name, theirs) in quirks.renamed {
        if let Some(value) = fields.remove(name) {
            fields.insert(theirs, value);
            changed = true;
        }
    }
    if !changed {
        return Ok(body.clone());
    }
    serde_json::to_vec(&fields).map(Bytes::from).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_fields_a_provider_has() {
        let quirks = Quirks {
            unsupported: &["user", "n"],
            renamed: &[("seed", "random_seed")],
            ..Quirks::NONE
        };
        let mut losses = Losses::new();
        let body =
            Bytes::from_static(br#"{"seed":7,"user":"u","top_p":1.0,"messages":[ {"n":1} ]}"#);
        let adapted = adapt(&body, &quirks, &mut losses).unwrap();
        assert_eq!(
            adapted,
            r#"{"messages":[ {"n":1} ],"random_seed":7,"top_p":1.0}"#
        );
        assert_eq!(losses.to_string(), "user");
        let plain = Bytes::from_static(br#"{ "model":"m" }"#);
        assert_eq!(adapt(&plain, &quirks, &mut losses).unwrap(), plain);
    }
}
