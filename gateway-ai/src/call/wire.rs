use bytes::Bytes;

use crate::{
    error::AiError,
    peek::{Edits, Peek},
};

/// A client's body, read no further than its outermost keys.
#[derive(Clone, Debug)]
pub struct Wire {
    bytes: Bytes,
    peek: Peek,
}

impl Wire {
    /// Looks for the keys that matter.
    ///
    /// # Errors
    ///
    /// A client fault when the body is not a JSON object, is nested too deeply, or spells a key the
    /// gateway decides by twice or in another case: whoever reads it next might take the other one.
    pub fn read(bytes: Bytes) -> Result<Self, AiError> {
        let peek = Peek::read(&bytes)?;
        Ok(Self { bytes, peek })
    }

    /// The body as it came.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The model the client names.
    ///
    /// # Errors
    ///
    /// A client fault when there is none.
    pub fn model(&self) -> Result<&str, AiError> {
        let model = self.peek.model().filter(|model| !model.is_empty());
        model.ok_or_else(|| AiError::invalid("the field `model` is required").with_param("model"))
    }

    /// Whether a stream is wanted.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.peek.is_stream()
    }

    /// Whether the client asks for usage at the end of a Chat stream.
    #[must_use]
    pub fn wants_usage(&self) -> bool {
        self.peek.includes_usage()
    }

    /// The same body for another model: the client's own bytes around the new name.
    ///
    /// With `ask_usage`, a Chat stream is asked to count as well. Nothing else changes.
    #[must_use]
    pub fn splice(&self, model: &str, ask_usage: bool) -> Bytes {
        let edits = Edits {
            model: Some(model),
            include_usage: ask_usage,
        };
        self.peek.splice(&self.bytes, &edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Raw;

    #[test]
    fn only_the_model_changes() {
        let body = Bytes::from_static(br#"{ "a":[1.0], "model" : "f\u0061st","stream":true}"#);
        let wire = Wire::read(body).unwrap();
        assert_eq!(wire.model().unwrap(), "fast");
        assert!(wire.is_stream() && !wire.wants_usage());
        assert_eq!(
            wire.splice("x", false),
            r#"{ "a":[1.0], "model" : "x","stream":true}"#
        );
    }

    #[test]
    fn a_model_must_be_named() {
        for body in [r"{}", r#"{"model":""}"#] {
            let error = Wire::read(Bytes::from_static(body.as_bytes())).unwrap();
            assert_eq!(error.model().unwrap_err().param(), Some("model"));
        }
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        let text = format!(r#"{{"model":"a","x":"\\\"{}"}}"#, "[".repeat(500));
        assert!(Wire::read(Bytes::from(text)).is_ok());
        let deep = |n: usize| format!(r#"{{"model":"a","x":{}1{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(Wire::read(Bytes::from(deep(Raw::MAX_DEPTH - 1))).is_ok());
        assert!(Wire::read(Bytes::from(deep(Raw::MAX_DEPTH))).is_err());
        for unclosed in ["\"", "{\"", "{\"\\", "{\"a\\\""] {
            assert!(Wire::read(Bytes::from(unclosed)).is_err());
        }
    }
}
