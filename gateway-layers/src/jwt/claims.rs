//! Whether the claims of a token hold here and now (RFC 7519 §4.1). Time is an argument.

use std::time::Duration;

use gateway_core::ErrorKind;
use serde_json::{Map, Value};

use super::Algorithm;

/// What is demanded of a token.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: Option<Box<str>>,
    /// Any of these; `None`: whatever audience.
    pub(super) audiences: Option<Vec<Box<str>>>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) leeway: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) required: Vec<Box<str>>,
    pub(super) typ: Option<Box<str>>,
}

/// When a token holds, in seconds since 1970: from, and until before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// Why a token does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Malformed(&'static str),
    Signature,
    Expired { ago: u64 },
    NotYet,
    Rule(&'static str),
}

impl Invalid {
    pub(super) const fn kind(self) -> ErrorKind {
        match self {
            Self::Expired { .. } => ErrorKind::JwtExpired,
            Self::NotYet => ErrorKind::JwtNotYetValid,
            Self::Malformed(_) | Self::Signature | Self::Rule(_) => ErrorKind::JwtInvalid,
        }
    }

    pub(super) fn detail(self) -> String {
        match self {
            Self::Malformed(why) | Self::Rule(why) => why.to_owned(),
            Self::Signature => "the signature is not one of the issuer's".to_owned(),
            Self::Expired { ago } => format!("the token expired {ago} s ago"),
            Self::NotYet => "the token is not valid yet".to_owned(),
        }
    }
}

impl Lifetime {
    pub(super) const fn holds(self, now: u64) -> bool {
        self.from <= now && now < self.until
    }
}

impl Rules {
    /// The claims hold at `now`, and as long as is said.
    pub(super) fn check(
        &self,
        typ: Option<&str>,
        claims: &Map<String, Value>,
        now: u64,
    ) -> Result<Lifetime, Invalid> {
        self.check_typ(typ)?;
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(Invalid::Rule("the issuer is another one"));
        }
        if let Some(audiences) = &self.audiences
            && !is_for(claims.get("aud"), audiences)
        {
            return Err(Invalid::Rule("the token is for another audience"));
        }
        let missing = |name: &str| claims.get(name).is_none_or(Value::is_null);
        if self.required.iter().any(|name| missing(name)) {
            return Err(Invalid::Rule("a required claim is missing"));
        }
        self.lifetime(claims, now)
    }

    /// `at+jwt` is RFC 9068's; other types – logout, security event, DPoP proof – are signed by the
    /// same keys for another purpose (RFC 8725 §3.11).
    fn check_typ(&self, typ: Option<&str>) -> Result<(), Invalid> {
        let short = |typ: &str| {
            let lower = typ.to_ascii_lowercase();
            lower
                .strip_prefix("application/")
                .map_or(lower.clone(), ToOwned::to_owned)
        };
        let typ = typ.map(short);
        let fits = match (&self.typ, typ.as_deref()) {
            (Some(wanted), typ) => typ == Some(&*short(wanted)),
            (None, typ) => matches!(typ, None | Some("jwt" | "at+jwt")),
        };
        fits.then_some(())
            .ok_or(Invalid::Rule("the token is of another type"))
    }

    fn lifetime(&self, claims: &Map<String, Value>, now: u64) -> Result<Lifetime, Invalid> {
        let leeway = self.leeway.as_secs();
        let exp = date(claims, "exp")?.ok_or(Invalid::Rule("the token has no `exp`"))?;
        let (nbf, iat) = (date(claims, "nbf")?, date(claims, "iat")?);
        let mut until = exp.saturating_add(leeway);
        if let Some(max_age) = self.max_age {
            let iat = iat.ok_or(Invalid::Rule("the token has no `iat`"))?;
            until = until.min(iat.saturating_add(max_age.as_secs()).saturating_add(leeway));
        }
        let from = nbf.max(iat).unwrap_or(0).saturating_sub(leeway);
        if now >= until {
            return Err(Invalid::Expired {
                ago: now - until.saturating_sub(leeway),
            });
        }
        if now < from {
            return Err(Invalid::NotYet);
        }
        Ok(Lifetime { from, until })
    }
}

/// A list with one of `wanted`, or one text (RFC 7519 §4.1.3).
fn is_for(claim: Option<&Value>, wanted: &[Box<str>]) -> bool {
    let is_wanted = |value: &Value| {
        let text = value.as_str();
        text.is_some_and(|text| wanted.iter().any(|audience| **audience == *text))
    };
    match claim {
        Some(Value::Array(list)) => list.iter().all(Value::is_string) && list.iter().any(is_wanted),
        Some(value) => is_wanted(value),
        None => false,
    }
}

/// A NumericDate, which may have a fraction; anything else in its place is a malformed token.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Invalid> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let malformed = Invalid::Malformed("a date of the token is not a number of seconds");
    if let Some(seconds) = value.as_u64() {
        return Ok(Some(seconds));
    }
    let seconds = value.as_f64().ok_or(malformed)?;
    if !(0.0..1e15).contains(&seconds) {
        return Err(malformed);
    }
    // The fraction is dropped: expiry a little early, start a little early within the leeway.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked above"
    )]
    Ok(Some(seconds as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn rules() -> Rules {
        Rules {
            issuer: Some("iss".into()),
            audiences: Some(vec!["api".into(), "web".into()]),
            algorithms: Algorithm::ASYMMETRIC.to_vec(),
            leeway: Duration::from_secs(30),
            max_age: None,
            required: Vec::new(),
            typ: None,
        }
    }

    fn check(rules: &Rules, extra: &Value) -> Result<Lifetime, Invalid> {
        let mut claims = json!({"iss": "iss", "aud": "api", "exp": NOW + 60, "sub": "a"});
        let claims = claims.as_object_mut().unwrap();
        claims.extend(extra.as_object().unwrap().clone());
        claims.retain(|_, value| value != "-");
        rules.check(None, claims, NOW)
    }

    #[test]
    fn dates_have_leeway_on_both_sides() {
        let rules = rules();
        for (extra, valid) in [
            (json!({"exp": NOW - 29}), true),
            (json!({"exp": NOW - 30}), false),
            (json!({"exp": 0}), false),
            (json!({"exp": NOW as f64 + 0.5}), true),
            (json!({"exp": u64::MAX}), true),
            (json!({"exp": "9999999999"}), false),
            (json!({"exp": -1}), false),
            (json!({"exp": 1e300}), false),
            (json!({"exp": null}), false),
            (json!({"exp": [NOW + 60]}), false),
            (json!({"exp": "-"}), false),
            (json!({"nbf": NOW + 30}), true),
            (json!({"nbf": NOW + 31}), false),
            (json!({"iat": NOW + 30}), true),
            (json!({"iat": NOW + 31}), false),
            (json!({"iat": "yesterday"}), false),
        ] {
            assert_eq!(check(&rules, &extra).is_ok(), valid, "{extra}");
        }
        let expired = check(&rules, &json!({"exp": NOW - 94}));
        assert_eq!(expired, Err(Invalid::Expired { ago: 94 }));
        assert_eq!(
            check(&rules, &json!({"nbf": NOW + 99})),
            Err(Invalid::NotYet)
        );
    }

    #[test]
    fn a_token_may_be_too_old_before_it_expires() {
        let rules = Rules {
            max_age: Some(Duration::from_secs(600)),
            ..rules()
        };
        assert!(check(&rules, &json!({"iat": NOW - 629})).is_ok());
        assert!(check(&rules, &json!({"iat": NOW - 630})).is_err());
        assert!(check(&rules, &json!({})).is_err(), "age is unknown");
        let lifetime = check(&rules, &json!({"iat": NOW - 600})).unwrap();
        assert_eq!(lifetime.until, NOW + 30);
    }

    #[test]
    fn tokens_for_others_are_refused() {
        let rules = rules();
        for (extra, valid) in [
            (json!({"aud": ["x", "web"]}), true),
            (json!({"aud": ["x"]}), false),
            (json!({"aud": []}), false),
            (json!({"aud": ["api", 7]}), false),
            (json!({"aud": "API"}), false),
            (json!({"aud": {"api": 1}}), false),
            (json!({"aud": "-"}), false),
            (json!({"iss": "iss/"}), false),
            (json!({"iss": ["iss"]}), false),
            (json!({"iss": "-"}), false),
        ] {
            assert_eq!(check(&rules, &extra).is_ok(), valid, "{extra}");
        }
    }

    #[test]
    fn required_claims_are_there_and_not_null() {
        let rules = Rules {
            required: vec!["email".into()],
            ..rules()
        };
        assert!(check(&rules, &json!({"email": ""})).is_ok());
        assert!(check(&rules, &json!({"email": null})).is_err());
        assert!(check(&rules, &json!({})).is_err());
    }

    #[test]
    fn tokens_of_other_types_are_refused() {
        let strict = Rules {
            typ: Some("at+jwt".into()),
            ..rules()
        };
        for (rules, typ, valid) in [
            (&rules(), None, true),
            (&rules(), Some("JWT"), true),
            (&rules(), Some("application/at+JWT"), true),
            (&rules(), Some("logout+jwt"), false),
            (&rules(), Some(""), false),
            (&strict, Some("at+jwt"), true),
            (&strict, Some("application/AT+JWT"), true),
            (&strict, Some("JWT"), false),
            (&strict, None, false),
        ] {
            assert_eq!(rules.check_typ(typ).is_ok(), valid, "{typ:?}");
        }
    }

    proptest! {
        /// A check later within the lifetime gives the same answer as the lifetime, which is what
        /// the cache of verified tokens relies on.
        #[test]
        fn the_lifetime_is_what_a_later_check_would_say(exp in 0_u64..200, nbf in 0_u64..200, later in 0_u64..300) {
            let rules = Rules { leeway: Duration::from_secs(10), ..rules() };
            let claims = json!({"iss": "iss", "aud": "api", "exp": exp, "nbf": nbf});
            let claims = claims.as_object().unwrap();
            let sometime = (0..300).find_map(|now| rules.check(None, claims, now).ok());
            let again = rules.check(None, claims, later).is_ok();
            prop_assert_eq!(sometime.is_some_and(|lifetime| lifetime.holds(later)), again);
        }
    }
}
