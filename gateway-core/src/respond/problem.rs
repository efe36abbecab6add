//! RFC 9457 `application/problem+json`.

use serde_json::{Map, Value, json};

use super::{Responder, responder::Rendered};
use crate::{ErrorKind, GatewayError};

pub(super) fn render(responder: &Responder, error: &GatewayError) -> Rendered {
    let kind = error.kind();
    let mut members = Map::new();
    members.insert("type".into(), type_uri(kind).into());
    members.insert("title".into(), kind.title().into());
    members.insert("status".into(), error.status_code().as_u16().into());
    if let Some(detail) = error.detail_str() {
        members.insert("detail".into(), detail.into());
    }
    members.insert("code".into(), kind.code().into());
    if let Some(param) = error.param_name() {
        members.insert("param".into(), param.into());
    }
    if let Some(id) = responder.request_id() {
        members.insert("request_id".into(), json!(id.as_str()));
    }
    if let Some(route) = responder.route() {
        members.insert("route".into(), route.name().into());
    }
    if let Some(layer) = error.layer_name() {
        members.insert("layer".into(), layer.into());
    }
    for (name, value) in error.members() {
        members.insert((*name).into(), value.clone());
    }
    Rendered::json(
        error.status_code(),
        "application/problem+json",
        &Value::Object(members),
    )
}

/// The IANA problem type where one is registered, else a URN of the code: a stable identifier that
/// promises no page (RFC 9457 §3.1.1).
fn type_uri(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => {
            "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
        }
        kind => format!("urn:gateway:error:{}", kind.code()),
    }
}
