use std::error::Error;

/// The first error of type `E` in the source chain of `error`, itself included.
#[must_use]
pub fn cause_ref<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// Whether an error of type `E` is in the source chain of `error`, itself included.
#[must_use]
pub fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    cause_ref::<E>(error).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::ReplayError;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] ReplayError);

    #[test]
    fn walks_the_sources() {
        let error = Outer(ReplayError::Superseded);
        assert!(is_caused_by::<ReplayError>(&error));
        assert!(is_caused_by::<Outer>(&error));
        assert!(!is_caused_by::<std::fmt::Error>(&error));
    }
}
