//! The grammar of faults.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use super::spec::Effect;
use super::spec::Fault;

/// Why a fault could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault `{word}`: {why}")]
pub struct FaultError {
    word: String,
    why: String,
}

/// Reads several faults, separated by semicolons or new lines; at least one.
///
/// # Errors
///
/// Fails when one of them does not parse, or when there is none.
pub fn parse_list(text: &str) -> Result<Vec<Fault>, FaultError> {
    let faults: Vec<Fault> = text
        .split(['\n', ';'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    if faults.is_empty() {
        return Err(error(text, "is empty; `DELETE /__fault` clears"));
    }
    Ok(faults)
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut draft = Draft::default();
        for word in text.split(',').map(str::trim) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (word, None),
            };
            draft.read(word, name, value)?;
        }
        draft.finish(text)
    }
}

/// A fault while its words are being read.
#[derive(Default)]
struct Draft {
    fault: Fault,
    retry_after: Option<u32>,
}

impl Draft {
    fn read(&mut self, word: &str, name: &str, value: Option<&str>) -> Result<(), FaultError> {
        let fault = &mut self.fault;
        match name {
            "latency" => once(word, &mut fault.latency, duration(word, value)?),
            "slow_first_token" => once(word, &mut fault.slow_first_token, duration(word, value)?),
            "times" => once(word, &mut fault.times, positive(word, value)?),
            "every" => once(word, &mut fault.every, positive(word, value)?),
            "path" => once(word, &mut fault.path, path(word, value)?),
            "retry_after" => once(word, &mut self.retry_after, number(word, value)?),
            _ => {
                let effect = effect(word, name, value)?;
                if let Some(other) = fault.effect {
                    let why = format!("cannot be combined with `{other}`");
                    return Err(error(word, &why));
                }
                fault.effect = Some(effect);
                Ok(())
            }
        }
    }

    fn finish(mut self, text: &str) -> Result<Fault, FaultError> {
        match (&mut self.fault.effect, self.retry_after) {
            (_, None) => {}
            (Some(Effect::Status { retry_after, .. }), given) => *retry_after = given,
            _ => return Err(error(text, "`retry_after` needs `status`")),
        }
        let fault = self.fault;
        if fault.slow_first_token.is_some()
            && let Some(effect) = fault.effect.filter(Effect::has_no_content)
        {
            let why = format!("`{effect}` sends no first token that could be slow; use `latency`");
            return Err(error(text, &why));
        }
        if fault.effect.is_none() && fault.latency.is_none() && fault.slow_first_token.is_none() {
            return Err(error(text, "says when, but not what goes wrong"));
        }
        Ok(fault)
    }
}

fn effect(word: &str, name: &str, value: Option<&str>) -> Result<Effect, FaultError> {
    match name {
        "status" => match number(word, value)? {
            code @ 400..=599 => Ok(Effect::Status {
                code,
                retry_after: None,
            }),
            _ => Err(error(word, "must be between 400 and 599")),
        },
        "cut_after_tokens" => Ok(Effect::CutAfterTokens(number(word, value)?)),
        "error_event_after_chunks" => Ok(Effect::ErrorEventAfterChunks(number(word, value)?)),
        "malformed_sse" => bare(word, value, Effect::MalformedSse),
        "empty_stream" => bare(word, value, Effect::EmptyStream),
        "silence" => bare(word, value, Effect::Silence),
        "hangup" => bare(word, value, Effect::Hangup),
        "html" => bare(word, value, Effect::Html),
        _ => Err(error(
            word,
            &format!("is unknown; known are {}", WORDS.join(", ")),
        )),
    }
}

fn once<T>(word: &str, slot: &mut Option<T>, value: T) -> Result<(), FaultError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(error(word, "is given twice")),
    }
}

fn bare(word: &str, value: Option<&str>, effect: Effect) -> Result<Effect, FaultError> {
    match value {
        None => Ok(effect),
        Some(_) => Err(error(word, "takes no value")),
    }
}

fn given<'a>(word: &str, value: Option<&'a str>) -> Result<&'a str, FaultError> {
    match value {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(error(word, "needs a value")),
    }
}

fn number<T: FromStr>(word: &str, value: Option<&str>) -> Result<T, FaultError> {
    given(word, value)?
        .parse()
        .map_err(|_| error(word, "needs a whole number"))
}

fn positive(word: &str, value: Option<&str>) -> Result<NonZeroU64, FaultError> {
    given(word, value)?
        .parse()
        .map_err(|_| error(word, "needs a whole number above 0"))
}

fn path(word: &str, value: Option<&str>) -> Result<String, FaultError> {
    match given(word, value)? {
        text if text.starts_with('/') => Ok(text.to_owned()),
        _ => Err(error(word, "must begin with `/`")),
    }
}

fn duration(word: &str, value: Option<&str>) -> Result<Duration, FaultError> {
    let text = given(word, value)?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(error(word, "needs a unit: 250ms, 3s or 1m")),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| error(word, "needs a whole number and a unit"))?;
    match count.checked_mul(unit) {
        Some(millis) if millis <= LONGEST_MS => Ok(Duration::from_millis(millis)),
        _ => Err(error(word, "is longer than an hour")),
    }
}

fn error(word: &str, why: &str) -> FaultError {
    FaultError {
        word: word.to_owned(),
        why: why.to_owned(),
    }
}

const LONGEST_MS: u64 = 3_600_000;

const WORDS: [&str; 14] = [
    "status",
    "retry_after",
    "latency",
    "slow_first_token",
    "cut_after_tokens",
    "error_event_after_chunks",
    "malformed_sse",
    "empty_stream",
    "silence",
    "hangup",
    "html",
    "times",
    "every",
    "path",
];
