//! fallback

mod commit;
mod failover;
mod policy;

pub(crate) use self::commit::broke_off;
pub use self::{
    failover::{Failover, ResponseFuture},
    policy::{Commit, Condition, Fallback, UnknownCondition},
};
