//! Why a call is refused, before a dialect words it.

use http::StatusCode;

/// A refusal.
#[derive(Clone, Debug)]
pub(in crate::doubles::model) struct Refusal {
    pub(in crate::doubles::model) status: StatusCode,
    pub(super) message: String,
    /// The field at fault, where the dialect has a place for it.
    pub(super) param: Option<&'static str>,
    pub(super) no_model: bool,
}

impl Refusal {
    pub(in crate::doubles::model) fn invalid(
        message: impl Into<String>,
        param: Option<&'static str>,
    ) -> Self {
        Self {
            message: message.into(),
            param,
            ..Self::of_status(StatusCode::BAD_REQUEST)
        }
    }

    pub(in crate::doubles::model) fn no_model(model: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        let (param, no_model) = (Some("model"), true);
        Self {
            message,
            param,
            no_model,
            ..Self::of_status(StatusCode::NOT_FOUND)
        }
    }

    pub(in crate::doubles::model) fn no_route() -> Self {
        Self {
            message: "no such method".to_owned(),
            ..Self::of_status(StatusCode::NOT_FOUND)
        }
    }

    pub(in crate::doubles::model) fn of_status(status: StatusCode) -> Self {
        let message = match status.as_u16() {
            400 => "The request is not valid.",
            401 => "The key is missing or wrong.",
            402 => "The balance is used up.",
            403 => "The key has no permission for this.",
            404 => "There is no such thing.",
            408 | 504 => "The request took too long.",
            413 => "The request is too large.",
            429 => "Too many requests; slow down.",
            503 | 529 => "The service is overloaded.",
            _ => "The server had an error while processing the request.",
        };
        Self {
            status,
            message: message.to_owned(),
            param: None,
            no_model: false,
        }
    }
}
