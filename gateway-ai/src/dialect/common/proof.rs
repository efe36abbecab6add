//! Whose proof of reasoning a text is, where it rides in another dialect's field.
//!
//! A proof is worth something to its signer alone; another provider answers it with a 400. In the
//! field of a dialect it was not made in it therefore stands behind the tag of its format,
//! `openai-responses-v1:…`. The native ones are base64, which has no colon: no tag is ever found in
//! them.

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

/// The only version there is of any format.
const VERSION: &str = "-v1";
const LONGEST: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

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
