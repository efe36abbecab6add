use std::sync::LazyLock;

use http::Extensions;

/// Extensions with room for all that a route's layers put there: a map that grows is filled anew each
/// time, four times over for a call of a model.
///
/// They cannot be asked for room. But what was there leaves it behind, and a clone has as much.
pub(super) fn roomy() -> Extensions {
    static ROOM: LazyLock<Extensions> = LazyLock::new(|| {
        let mut extensions = Extensions::new();
        // The eighth makes room for fourteen.
        extensions.insert(0_u8);
        extensions.insert(0_u16);
        extensions.insert(0_u32);
        extensions.insert(0_u64);
        extensions.insert(0_i8);
        extensions.insert(0_i16);
        extensions.insert(0_i32);
        extensions.insert(0_i64);
        extensions.clear();
        extensions
    });
    ROOM.clone()
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_there() {
        assert!(super::roomy().is_empty());
    }
}
