use crate::{
    error::{AiError, AiErrorKind},
    sse::{Frame, Framer},
};

/// The bytes of a stream that should be server-sent events, and sometimes are one JSON body.
///
/// Servers answer 200 with an error object, or ignore `stream: true` and answer whole; both are
/// recognised by the first byte, whatever the content type says.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    framer: Framer,
    kind: Kind,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    Events,
    Body(Vec<u8>),
}

impl Intake {
    /// Takes bytes; events go to `sink`, and `None` for every comment between them.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        sink: impl FnMut(Option<Frame<'_>>),
    ) -> Result<(), AiError> {
        if self.kind == Kind::Unknown {
            match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => {}
                Some(b'{' | b'[') => {
                    // White space that came before, in this piece or another, is not part of it.
                    bytes = bytes.trim_ascii_start();
                    self.kind = Kind::Body(Vec::new());
                }
                Some(_) => self.kind = Kind::Events,
            }
        }
        let too_long = |error: crate::sse::TooLong| {
            AiError::upstream(AiErrorKind::Malformed, error.to_string())
        };
        match &mut self.kind {
            Kind::Body(body) => {
                if body.len() + bytes.len() > Framer::LIMIT {
                    return Err(too_long(crate::sse::TooLong {
                        limit: Framer::LIMIT,
                    }));
                }
                body.extend_from_slice(bytes);
                Ok(())
            }
            Kind::Unknown | Kind::Events => self.framer.read(bytes, sink).map_err(too_long),
        }
    }

    /// Says that no more bytes come: the last event goes to `sink`, a whole body is returned.
    pub(crate) fn finish(&mut self, sink: impl FnMut(Frame<'_>)) -> Option<Vec<u8>> {
        if let Kind::Body(body) = &mut self.kind {
            return Some(std::mem::take(body));
        }
        self.framer.finish(sink);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_begins_where_it_begins_however_it_is_cut() {
        let text = b"\r\n {\"a\": 1}";
        for cut in 0..text.len() {
            let mut intake = Intake::default();
            let (head, tail) = text.split_at(cut);
            for part in [head, tail] {
                intake.push(part, |_| panic!("an event")).unwrap();
            }
            let body = intake.finish(|_| panic!("an event"));
            assert_eq!(body.as_deref(), Some(&b"{\"a\": 1}"[..]), "cut at {cut}");
        }
    }
}
