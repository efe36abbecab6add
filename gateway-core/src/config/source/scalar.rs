use crate::config::value::{Number, Text, Value};

/// A plain YAML scalar under the core schema (YAML 1.2.2, §10.3.2).
///
/// `on`, `yes`, `0777` and `2026-06-01` are what they look like here: three texts and a number;
/// that YAML 1.1 tools see booleans, an octal number and a date is why we do not follow them.
pub(in crate::config) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(Text::new(text)), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => {
            return Some(Number::Float(f64::NEG_INFINITY));
        }
        ".inf" | ".Inf" | ".INF" => return Some(Number::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => {
            return Some(Number::Float(f64::NAN));
        }
        _ => {}
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return integer(text);
    }
    is_float(unsigned)
        .then(|| text.parse().ok())
        .flatten()
        .map(Number::Float)
}

/// A decimal integer that has been checked to be one; beyond 64 bits it is a float.
pub(super) fn integer(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = text.parse() {
        return Some(Number::Unsigned(number));
    }
    match text.parse() {
        // "-0" is no negative number.
        Ok(0_i64) => Some(Number::Unsigned(0)),
        Ok(number) => Some(Number::Signed(number)),
        Err(_) => text.parse().ok().map(Number::Float),
    }
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix)
        .ok()
        .map(Number::Unsigned)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_ok && exponent_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_schema() {
        let number = |n| Value::Number(n);
        for (text, expected) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
            ("0", number(Number::Unsigned(0))),
            ("-0", number(Number::Unsigned(0))),
            ("+12", number(Number::Unsigned(12))),
            ("-19", number(Number::Signed(-19))),
            ("010", number(Number::Unsigned(10))),
            ("0o7", number(Number::Unsigned(7))),
            ("0x3A", number(Number::Unsigned(58))),
            ("1.5", number(Number::Float(1.5))),
            (".5", number(Number::Float(0.5))),
            ("0.", number(Number::Float(0.0))),
            ("12e03", number(Number::Float(12_000.0))),
            ("-2E+05", number(Number::Float(-200_000.0))),
            ("-.INF", number(Number::Float(f64::NEG_INFINITY))),
            ("99999999999999999999", number(Number::Float(1e20))),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn what_yaml_1_1_reads_otherwise_is_text() {
        for text in [
            "on",
            "off",
            "yes",
            "no",
            "y",
            "n",
            "Yes",
            "2026-06-01",
            "12:30:45",
            "1_000",
            "0b11",
            "+.nan",
            "1e",
            "e5",
            ".",
            "-",
            "+",
            "0x",
            "0o8",
            "0x+1",
            "1.2.3",
            "10.0.0.0/8",
            "127.0.0.1:8080",
            "inf",
            "nan",
            "infinity",
            "<<",
        ] {
            assert_eq!(plain(text), Value::String(Text::new(text)), "{text}");
        }
    }
}
