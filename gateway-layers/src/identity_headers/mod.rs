//! Telling upstream who calls, in headers that no client can forge, drop or double.
//!
//! Three ways in are closed. A client's own header of that name is removed. So is one that differs
//! in `_` and `-` or in case, which many upstreams fold into the same variable (CGI, WSGI). And the
//! names are removed from `Connection`, where a client could declare the gateway's header
//! hop-by-hop and have the next proxy drop it.

mod sanitize;
mod values;

pub(crate) use self::values::IdentityHeaders;
#[cfg(any(feature = "api-key", feature = "jwt"))]
pub(crate) use self::values::Values;
