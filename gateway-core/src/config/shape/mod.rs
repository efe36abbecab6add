//! Shapes that a 15-line file and a 300-line file share: a short form beside the long one.

mod flex;
mod named;
mod one_or_many;

pub(in crate::config) use self::one_or_many::TOKEN as ONE_OR_MANY;
pub use self::{flex::Flex, named::Named, one_or_many::OneOrMany};
