//! What types cannot say: names that must exist, options that need each other, doors left open.
//!
//! A check sees the whole file even when parts of it could not be read; those parts are missing
//! from the [`Config`]. So whether a *name* exists is asked of the tree.

mod admin;
mod builders;
pub mod codes;
mod forward;
mod layers;
mod limits;
mod listeners;
pub(super) mod names;
mod routes;
mod targets;
mod tls;

pub(crate) use self::builders::nobody;

use gateway_core::config::{Diagnostics, Tree};

use super::model::Config;

/// What a check works on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) config: &'a Config,
    pub(super) tree: &'a Tree,
}

/// Adds what is wrong with the meaning of a config.
pub fn check(config: &Config, tree: &Tree, findings: &mut Diagnostics) {
    let subject = Subject { config, tree };
    listeners::check(subject, findings);
    tls::check(subject, findings);
    forward::check(subject, findings);
    admin::check(subject, findings);
    limits::check(subject, findings);
    routes::check(subject, findings);
    targets::check(subject, findings);
    layers::check(subject, findings);
    builders::check(subject, findings);
}
