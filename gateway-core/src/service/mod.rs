//! Services a gateway can store, share and swap.
//!
//! - [`SharedService`]: any service behind one pointer; cloning it is a reference count, so a router
//!   can hold hundreds and a server can clone its stack per request;
//! - [`Reloadable`]: a service whose whole stack can be swapped while requests are in flight;
//! - [`BodyLayer`]: makes any HTTP service answer with [`Body`](crate::Body);
//! - [`take_ready`]: moves the service that was polled ready into a future, the one correct way to
//!   wait before calling, and [`ready_now`], which tells whether there is anything to wait for;
//! - [`Unsent`]: a request that a leaf could not send, given back for another try.

mod body_layer;
mod ready;
mod reloadable;
mod shared;
mod unsent;

pub use self::{
    body_layer::{BodyLayer, BodyService},
    ready::{ready_now, take_ready, unready},
    reloadable::{ReloadHandle, Reloadable},
    shared::{ResponseFuture, SharedService},
    unsent::Unsent,
};
