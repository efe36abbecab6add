//! The codes of findings about the meaning of a config.

/// A builder refused the options of a layer or upstream.
pub const REFUSED: &str = "GW2001";
/// An upstream without endpoints.
pub const NO_ENDPOINTS: &str = "GW2005";
/// A route that leads nowhere, or to two places.
pub const NO_TARGET: &str = "GW2006";
/// `to` names an upstream that is not there.
pub const UNDEFINED_UPSTREAM: &str = "GW2007";
/// Two listeners on one address.
pub const SAME_ADDRESS: &str = "GW2008";
/// The admin listener is reachable from outside and has no token.
pub const ADMIN_EXPOSED: &str = "GW2009";
/// No route at all.
pub const NO_ROUTES: &str = "GW2010";
/// A cache on an authenticated route that does not say whose answers it holds.
pub const CACHE_PARTITION: &str = "GW2011";
/// A key that needs an identity on a route that establishes none.
pub const KEY_NEEDS_AUTH: &str = "GW2012";
/// A reload of a config that did not come from a file.
pub const NO_FILE: &str = "GW2013";
/// `jwt` or `api_key` names a definition that is not there, or that is one of the other.
pub const UNDEFINED_AUTH: &str = "GW2014";
/// A time or size of zero where that stops everything.
pub const LIMIT_OF_NOTHING: &str = "GW2015";
/// Options of a listener that exclude or need each other.
pub const LISTENER_OPTIONS: &str = "GW2020";
/// A forward proxy is named after a listener that is not there.
pub const UNDEFINED_LISTENER: &str = "GW2021";
/// A forward proxy that takes anybody anywhere.
pub const OPEN_PROXY: &str = "GW2022";

/// A route that can never be chosen.
pub const SHADOWED: &str = "GW3001";
/// An upstream that no route uses.
pub const UNUSED_UPSTREAM: &str = "GW3002";
/// An HTTP upstream with options for TLS.
pub const UNUSED_TLS: &str = "GW3003";
/// A change that a running process cannot make.
pub const NEEDS_RESTART: &str = "GW3004";
/// A certificate that is not valid now. `gateway check` fails on it; a running gateway does not end
/// because of it.
pub const CERTIFICATE_EXPIRED: &str = "GW3010";
/// An upstream whose certificate is not verified.
pub const UNVERIFIED: &str = "GW3012";
/// A certificate with less than 30 days left.
pub const CERTIFICATE_EXPIRES: &str = "GW3011";
