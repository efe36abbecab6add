use std::{fmt, str::FromStr};

/// The signature algorithms that are accepted (RFC 7518 §3, RFC 8037).
///
/// `none` is not among them and cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the names are the documentation: they are those of the RFCs"
)]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
    HS256,
    HS384,
    HS512,
}

impl Algorithm {
    /// All that verify with a public key.
    pub const ASYMMETRIC: &[Self] = &[
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    pub(super) const RSA: &[Self] = Self::ASYMMETRIC.split_at(6).0;

    /// The name, as in the header of a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
        }
    }

    /// The shortest secret (RFC 7518 §3.2: as long as the hash); `None` if it takes none.
    pub(super) const fn min_secret(self) -> Option<usize> {
        match self {
            Self::HS256 => Some(32),
            Self::HS384 => Some(48),
            Self::HS512 => Some(64),
            _ => None,
        }
    }

    pub(super) const fn foreign(self) -> jsonwebtoken::Algorithm {
        use jsonwebtoken::Algorithm as Foreign;
        match self {
            Self::RS256 => Foreign::RS256,
            Self::RS384 => Foreign::RS384,
            Self::RS512 => Foreign::RS512,
            Self::PS256 => Foreign::PS256,
            Self::PS384 => Foreign::PS384,
            Self::PS512 => Foreign::PS512,
            Self::ES256 => Foreign::ES256,
            Self::ES384 => Foreign::ES384,
            Self::EdDSA => Foreign::EdDSA,
            Self::HS256 => Foreign::HS256,
            Self::HS384 => Foreign::HS384,
            Self::HS512 => Foreign::HS512,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Exactly: `rs256` is another name, and RFC 7515 §4.1.1 compares case-sensitively.
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let secret = [Self::HS256, Self::HS384, Self::HS512];
        let mut all = Self::ASYMMETRIC.iter().chain(&secret);
        all.find(|algorithm| algorithm.as_str() == text)
            .copied()
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not one of an accepted algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not an algorithm; known are RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, \
             EdDSA, HS256, HS384 and HS512",
        )
    }
}

impl std::error::Error for UnknownAlgorithm {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_cannot_be_written() {
        for name in [
            "none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", "ES512", "ES256K",
        ] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name}");
        }
        for algorithm in Algorithm::ASYMMETRIC {
            assert_eq!(algorithm.as_str().parse(), Ok(*algorithm));
        }
        assert_eq!(Algorithm::RSA.last(), Some(&Algorithm::PS512));
    }
}
