use gateway_core::Body;

use crate::{body::rewritten, dialect::FromArray};

/// A provider's array of events, as the server-sent events that were asked for.
pub(super) fn events(body: Body) -> Body {
    let mut reader = FromArray::default();
    rewritten(body, move |data, out| {
        reader.push(data, out);
        Ok(())
    })
}
