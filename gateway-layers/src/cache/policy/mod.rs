//! RFC 9111 as pure functions: headers and times in, verdicts out. No I/O, no clock, no state.

mod cache_control;
mod conditional;
mod date;
mod freshness;
mod headers;
mod range;
mod reuse;
mod storage;
mod vary;

pub(super) use self::{
    cache_control::CacheControl,
    conditional::{has_conditions, has_origin_conditions, is_not_modified, make_conditional},
    freshness::{Freshness, Times},
    headers::{merge, not_modified_head, stored_head},
    range::{Cut, cut},
    reuse::{Verdict, is_error, judge, may_answer_error},
    storage::{Asked, NotStored, Rules, announced_length, assess, for_everybody},
    vary::Selecting,
};
