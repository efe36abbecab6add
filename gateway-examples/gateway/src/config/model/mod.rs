//! The typed form of a config file.
//!
//! Field names are the keys of the file; a key that has no field here is an error, never ignored.
//! A layer's own options live beside the layer, in `gateway_layers::<layer>`.

mod addr;
mod auth;
mod bind;
mod defined;
mod layers;
mod mode;
mod observe;
mod redirect;
mod root;
mod route;
mod server;
mod slot;
mod state;
mod upstream;
mod url;

pub use self::{
    addr::Addr,
    auth::Auth,
    bind::Bind,
    defined::Defined,
    layers::Layers,
    mode::Mode,
    observe::{Observe, Tracing},
    redirect::Redirect,
    root::{Config, Defaults, Version},
    route::{Match, Route},
    server::{Admin, Drain, Limits, Listener},
    slot::Slot,
    state::{CacheState, State},
    upstream::{Endpoint, Pool, Timeouts, Upstream},
    url::Url,
};
