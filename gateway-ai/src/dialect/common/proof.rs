//! Whose proof of reasoning a text is, where it rides in another dialect's field.
//!
//! A proof is worth something to its signer alone; another provider answers it with a 400. In the
//! field of a dialect it was not made in it therefore stands behind the tag of its format,
//! `openai-responses-v1:…`. The native ones are base64, which has no colon: no tag is ever found in
//! them. Gemini's field holds bytes, and its SDKs read and write them as base64: there tag and proof
//! are written in base64 once more.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use crate::{
    canonical::{Block, Opaque, Thinking},
    dialect::Dialect,
    loss::Losses,
};

/// The tag to carry a proof of `format` under in a field whose own proofs begin with `own`; `None`
/// for these.
pub(in crate::dialect) fn tag<'a>(format: Option<&'a str>, own: &str) -> Option<&'a str> {
    format.filter(|format| !format.starts_with(own) && format.ends_with(VERSION))
}

/// A proof as it is written: behind its tag, if it has one.
pub(in crate::dialect) fn tagged(tag: Option<&str>, proof: &str) -> String {
    match tag {
        Some(tag) => format!("{tag}:{proof}"),
        None => proof.to_owned(),
    }
}

/// The tag of a proof and the proof itself.
pub(in crate::dialect) fn untag(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((tag, proof)) if tag.ends_with(VERSION) && tag.len() <= LONGEST => (Some(tag), proof),
        _ => (None, text),
    }
}

/// A proof as Gemini's field holds it: its own as they are, another's under its tag in base64.
pub(in crate::dialect) fn sealed<'a>(
    format: Option<&str>,
    proof: &'a str,
) -> std::borrow::Cow<'a, str> {
    if format.is_some_and(|format| format.starts_with("google")) {
        return proof.into();
    }
    // Who says nothing of a format is Anthropic, or serves its models.
    let tag = tag(format, "google").unwrap_or(ANTHROPIC);
    STANDARD.encode(tagged(Some(tag), proof)).into()
}

/// The tag and the proof in a field of Gemini's, if it is another's.
pub(in crate::dialect) fn unsealed(text: &str) -> Option<(String, String)> {
    if !SEALED.iter().any(|beginning| text.starts_with(beginning)) {
        return None;
    }
    // The SDK for Python writes bytes in the alphabet of URLs, whatever it has read.
    let plain = text.replace('-', "+").replace('_', "/");
    let whole = String::from_utf8(LENIENT.decode(plain).ok()?).ok()?;
    match untag(&whole) {
        (Some(tag), proof) => Some((tag.to_owned(), proof.to_owned())),
        (None, _) => None,
    }
}

/// Whether thinking can be replayed to Anthropic's models: with their proof alone.
pub(in crate::dialect) fn is_proven(thinking: &Thinking) -> bool {
    let format = thinking.format.as_deref();
    format.is_none_or(|format| format.starts_with("anthropic")) && thinking.signature.is_some()
}

/// Whether encrypted thinking is that of Anthropic's models.
pub(in crate::dialect) fn is_anthropics(opaque: &Opaque, format: Option<&str>) -> bool {
    matches!(opaque.dialect, Dialect::Messages | Dialect::Converse)
        || format.is_some_and(|format| format.starts_with("anthropic"))
}

/// Whether anything of a block will be written in a dialect that carries Anthropic's thinking;
/// what will not is reported here, before a turn is built around it. `redacted` is what is written
/// of encrypted thinking.
pub(in crate::dialect) fn is_sendable(
    block: &Block,
    own: Dialect,
    redacted: fn(&Opaque) -> Option<String>,
    losses: &mut Losses,
) -> bool {
    match block {
        Block::Thinking(thinking) if !is_proven(thinking) => losses.add("thinking"),
        Block::RedactedThinking(opaque) if redacted(opaque).is_none() => {
            losses.add("redacted_thinking");
        }
        Block::Opaque(opaque) if opaque.dialect != own => {
            losses.add_field("content", &opaque.kind);
        }
        _ => return true,
    }
    false
}

/// How tags begin in base64: `anthropic-`, `openai-`.
const SEALED: [&str; 2] = ["YW50aHJvcGlj", "b3BlbmFp"];
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const ANTHROPIC: &str = "anthropic-claude-v1";
/// The only version there is of any format.
const VERSION: &str = "-v1";
const LONGEST: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_comes_off_again_in_either_alphabet() {
        for (format, proof, tag) in [
            (
                Some("openai-responses-v1"),
                "gAA??>A=",
                "openai-responses-v1",
            ),
            (None, "Eq~~", "anthropic-claude-v1"),
            (Some("anthropic-claude-v1"), "Eq", "anthropic-claude-v1"),
        ] {
            let text = sealed(format, proof);
            let want = Some((tag.to_owned(), proof.to_owned()));
            assert_eq!(unsealed(&text), want);
            let other = text.replace('+', "-").replace('/', "_");
            assert_eq!(unsealed(other.trim_end_matches('=')), want);
        }
        assert_eq!(sealed(Some("google-gemini-v1"), "c2ln"), "c2ln");
        assert_eq!(unsealed("c2ln"), None);
    }

    #[test]
    fn a_tag_comes_off_again_and_ones_own_is_none() {
        for (format, own, written) in [
            (
                Some("openai-responses-v1"),
                "anthropic",
                "openai-responses-v1:gAAA=",
            ),
            (Some("anthropic-claude-v1"), "anthropic", "gAAA="),
            (Some("unknown"), "anthropic", "gAAA="),
            (None, "anthropic", "gAAA="),
        ] {
            let text = tagged(tag(format, own), "gAAA=");
            assert_eq!(text, written);
            let (tag, proof) = untag(&text);
            assert_eq!((tag.is_some(), proof), (text != "gAAA=", "gAAA="));
        }
    }
}
