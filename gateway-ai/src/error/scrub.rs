/// Removes what looks like a credential from an upstream's message.
///
/// Providers echo keys (`Incorrect API key provided: sk-…`), URLs with `?key=`, and bearer tokens.
/// Words of a known prefix, or that follow a telling name, are replaced by their prefix and `***`.
pub(crate) fn scrub(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    let mut tell = false;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if word == 0 {
            let next = rest.chars().next().map_or(rest.len(), char::len_utf8);
            out.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let (token, tail) = rest.split_at(word);
        if let Some(keep) = secret(token, tell) {
            out.push_str(&token[..keep]);
            out.push_str("***");
        } else {
            out.push_str(token);
        }
        tell = TELLS.iter().any(|name| token.eq_ignore_ascii_case(name));
        rest = tail;
    }
    out
}

/// How many leading bytes of a token may stay, if the rest is a secret.
fn secret(token: &str, after_tell: bool) -> Option<usize> {
    for prefix in PREFIXES {
        if token.len() >= prefix.len() + 4 && token.starts_with(prefix) {
            return Some(prefix.len());
        }
    }
    let looks_random = token.len() >= 16
        && token.is_ascii()
        && token.bytes().any(|b| b.is_ascii_digit())
        && token.bytes().any(|b| b.is_ascii_alphabetic());
    (after_tell && looks_random).then_some(0)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '+' | '/')
}

const PREFIXES: [&str; 16] = [
    "sk-", "sk_", "pk-", "rk-", "gsk_", "xai-", "hf_", "r8_", "pplx-", "nvapi-", "AIza", "AKIA",
    "ASIA", "eyJ", "ya29.", "fw_",
];

const TELLS: [&str; 9] = [
    "key",
    "bearer",
    "token",
    "secret",
    "password",
    "api_key",
    "apikey",
    "provided",
    "credential",
];

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn known_prefixes_go() {
        for (from, to) in [
            (
                "Incorrect API key provided: sk-proj-abc123. Find",
                "Incorrect API key provided: sk-*** Find",
            ),
            ("bad AIzaSyA1234567890", "bad AIza***"),
            ("token eyJhbGciOi.eyJzdWIi.x is", "token eyJ*** is"),
        ] {
            assert_eq!(scrub(from), to);
        }
    }

    #[test]
    fn what_follows_a_telling_word_goes() {
        assert_eq!(
            scrub("https://h/v1?key=0123456789abcdefXY&alt=sse"),
            "https://h/v1?key=***&alt=sse"
        );
        assert_eq!(scrub("Bearer 0123456789abcdefXY"), "Bearer ***");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "The model `gpt-4o-mini-2024-07-18` does not exist",
            "max_tokens must be ≤ 4096 – got 99999",
            "key is missing",
        ] {
            assert_eq!(scrub(text), text);
        }
    }
}
