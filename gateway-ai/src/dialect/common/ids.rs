use std::collections::{HashMap, HashSet};

/// Gives every tool call of a conversation an id the target dialect accepts.
///
/// An id that is fine stays. Others are rewritten the same way each time they occur, and never onto
/// an id in use, so calls and results still pair and a repeated request is byte-identical.
#[derive(Debug, Default)]
pub(crate) struct CallIds {
    rule: CallIdRule,
    map: HashMap<String, String>,
    used: HashSet<String>,
}

impl CallIds {
    pub(crate) fn new(rule: CallIdRule) -> Self {
        Self {
            rule,
            ..Self::default()
        }
    }

    /// The id to send for an id of the conversation.
    pub(crate) fn get(&mut self, id: &str) -> String {
        if let Some(known) = self.map.get(id) {
            return known.clone();
        }
        let mut sent = self.rule.rewrite(id, 1);
        let mut number = 1;
        while self.used.contains(&sent) {
            number += 1;
            sent = self.rule.rewrite(id, number);
        }
        self.used.insert(sent.clone());
        self.map.insert(id.to_owned(), sent.clone());
        sent
    }
}

/// What a target accepts as the id of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallIdRule {
    /// Anything.
    #[default]
    Any,
    /// At most so many letters, digits, `_` and `-`.
    Plain(usize),
    /// Exactly nine letters and digits (Mistral).
    Nine,
}

impl CallIdRule {
    /// The `number`th candidate for an id.
    fn rewrite(self, id: &str, number: usize) -> String {
        match self {
            Self::Any if number == 1 => id.to_owned(),
            Self::Any => format!("{id}_{number}"),
            Self::Plain(limit) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                let mut sent: String = id
                    .chars()
                    .map(|c| if plain(c) { c } else { '_' })
                    .take(limit)
                    .collect();
                if sent.is_empty() {
                    sent.push_str("call");
                }
                if number > 1 {
                    let suffix = format!("_{number}");
                    sent.truncate(limit - suffix.len());
                    sent.push_str(&suffix);
                }
                sent
            }
            Self::Nine => {
                let fits = id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
                if fits && number == 1 {
                    id.to_owned()
                } else {
                    nine(id, number)
                }
            }
        }
    }
}

/// Nine letters and digits that depend on the id alone (FNV-1a).
fn nine(id: &str, number: usize) -> String {
    let seed = 0xcbf2_9ce4_8422_2325_u64.wrapping_add(number as u64);
    let mut hash = id.bytes().fold(seed, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let digit = |_| {
        let digit = char::from_digit((hash % 36) as u32, 36).unwrap_or('0');
        hash /= 36;
        digit
    };
    (0..9).map(digit).collect()
}

/// The id of a call whose provider gave none: the same for the same reply and place.
pub(crate) fn synthetic_call_id(reply: &str, choice: u32, call: u32) -> String {
    let plain = reply.bytes().filter(u8::is_ascii_alphanumeric);
    let tail: Vec<u8> = plain.rev().take(16).collect();
    let tail: String = tail.into_iter().rev().map(char::from).collect();
    format!("call_{tail}_{choice}_{call}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ids_stay_and_bad_ones_never_meet() {
        let mut ids = CallIds::new(CallIdRule::Plain(8));
        assert_eq!(ids.get("call_1"), "call_1");
        assert_eq!(ids.get("call.1"), "call_1_2");
        assert_eq!(ids.get("call:1"), "call_1_3");
        assert_eq!(ids.get("call.1"), "call_1_2");
        assert_eq!(ids.get(""), "call");
        assert!(ids.get("a-very-long-identifier").len() <= 8);
    }

    #[test]
    fn mistral_takes_nine_characters() {
        let mut ids = CallIds::new(CallIdRule::Nine);
        assert_eq!(ids.get("g6fVbXS8K"), "g6fVbXS8K");
        let sent = ids.get("toolu_01A09q90qw90lq917835lq9");
        assert_eq!(sent.len(), 9);
        assert!(sent.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(ids.get("toolu_01A09q90qw90lq917835lq9"), sent);
        assert_ne!(ids.get("toolu_01A09q90qw90lq917835lq8"), sent);
    }

    #[test]
    fn synthetic_ids_are_stable() {
        assert_eq!(
            synthetic_call_id("chatcmpl-123", 0, 1),
            "call_chatcmpl123_0_1"
        );
        assert_eq!(synthetic_call_id("", 0, 0), "call__0_0");
    }
}
