//! The request vocabulary: what layers tell each other, as typed extensions.
//!
//! All are newtypes with private fields, so that a value in an extension was put there by code that
//! meant it. Anything may insert them: a third-party authentication layer joins by inserting an
//! [`Identity`], a host application by inserting a [`ClientIp`]. A layer whose input is missing
//! behaves as its docs say and names the layer to add; it never answers 500 for it.
//!
//! | in request extensions | set by | read by |
//! |---|---|---|
//! | [`ClientIp`] | `client_ip`, or the server | keys, logs, `Forwarded` |
//! | [`RequestId`] | `request_id` | refusals, logs, upstream requests |
//! | [`Identity`] | `jwt`, `api_key`, any auth layer | keys, authorisation, logs |
//! | [`Route`] | `router` | keys, refusals, metrics, logs |
//! | [`ApiVersion`] | `version` | routes, logs |
//! | [`Deadline`] | `timeout`, the server | whoever waits |
//! | [`Attempt`] | retry, fallback | proxy, logs |
//! | [`Tried`] | retry | `balance` |
//! | [`Interim`] | the server | `proxy` |
//! | [`Standing`] | `proxy`'s layer of that name | WebSockets that end here |
//! | [`Cost`] | any layer | `rate_limit`, budgets |
//! | [`Outcome`] | `observe` | filled by inner layers, read at the end of the stream |
//!
//! | in response extensions | set by |
//! |---|---|
//! | [`GatewayError`](crate::GatewayError) | every refusal |
//! | [`Upstream`] | `proxy`, `balance`, AI providers |
//! | [`CacheOutcome`] | `cache` |
//! | [`Usage`] | AI providers |
//! | [`TunnelEnd`] | `proxy`, `forward_proxy`: of an answer that opens a tunnel |

mod client_ip;
mod conversation;
mod identity;
mod interim;
mod outcome;
mod request_id;
mod route;
mod small;
mod standing;
mod tried;
mod tunnel;
mod upstream;

pub use self::{
    client_ip::ClientIp,
    conversation::{Lossy, PrefixLost, Proofs},
    identity::{Identity, IdentityKind},
    interim::Interim,
    outcome::{Outcome, OutcomeRecord},
    request_id::RequestId,
    route::{Params, Route},
    small::{ApiVersion, Attempt, CacheOutcome, Cost, Deadline},
    standing::{Admission, Standing},
    tried::Tried,
    tunnel::{TunnelBytes, TunnelEnd},
    upstream::{Upstream, Usage},
};
