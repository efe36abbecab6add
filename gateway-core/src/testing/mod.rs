//! Probes, bodies with trailers and faults, and the contract every layer must pass.
//!
//! [`contract!`](crate::contract) drives a layer over a scripted inner service and checks what the
//! type system cannot: only the instance that was polled ready is called, a cancelled request
//! releases what it held, frames and trailers and hints pass exactly, extensions and errors are
//! kept, a `101` is left alone. A layer of your own passes it with one line:
//!
//! ```
//! use gateway_core::service::BodyLayer;
//!
//! gateway_core::contract!(body_layer_keeps_the_contract, BodyLayer::new());
//! # gateway_core::testing::Contract::new(BodyLayer::new).check();
//! ```

mod bodies;
mod checks;
mod contract;
mod inner;

pub use self::{
    bodies::{Frames, failing, frames, trailers},
    contract::Contract,
    inner::{Answer, Inner, InnerError, InnerFuture, Marker},
};

/// Declares a test that checks a layer against the [contract](crate::testing).
///
/// `contract!(name, layer)`; settings of [`Contract`](crate::testing::Contract) may follow:
/// `contract!(name, layer, request = || Request::default(), clones = 1)`.
#[macro_export]
macro_rules! contract {
    ($name:ident, $layer:expr $(, $setting:ident = $value:expr)* $(,)?) => {
        #[test]
        fn $name() {
            $crate::testing::Contract::new(|| $layer)$(.$setting($value))*.check();
        }
    };
}
