//! A small shop.

use axum::Json;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;

pub(super) async fn items() -> Json<Value> {
    let items: Vec<Value> = (1..=ITEMS.len()).filter_map(the_item).collect();
    Json(json!({ "items": items }))
}

pub(super) async fn item(Path(id): Path<usize>) -> Response {
    found(the_item(id))
}

pub(super) async fn orders() -> Json<Value> {
    let orders: Vec<Value> = (1..=ORDERS).filter_map(the_order).collect();
    Json(json!({ "orders": orders }))
}

pub(super) async fn order(Path(id): Path<usize>) -> Response {
    found(the_order(id))
}

/// Nothing is kept: what was sent comes back as if it had been.
pub(super) async fn create(body: Bytes) -> Response {
    match serde_json::from_slice::<Value>(&body) {
        Ok(sent) => (
            StatusCode::CREATED,
            Json(json!({ "id": 1000, "created": sent })),
        )
            .into_response(),
        Err(error) => {
            let why = json!({ "error": format!("the body is not valid JSON: {error}") });
            (StatusCode::BAD_REQUEST, Json(why)).into_response()
        }
    }
}

fn found(value: Option<Value>) -> Response {
    match value {
        Some(value) => Json(value).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response(),
    }
}

fn the_item(id: usize) -> Option<Value> {
    let (name, cents) = ITEMS.get(id.checked_sub(1)?)?;
    Some(json!({ "id": id, "name": name, "price_cents": cents, "in_stock": id % 2 == 1 }))
}

fn the_order(id: usize) -> Option<Value> {
    let item = the_item(id)?;
    let customer = json!({ "name": "Alice Example", "email": "alice@example.com" });
    (id <= ORDERS).then(|| json!({ "id": id, "item": item, "quantity": id, "customer": customer }))
}

const ORDERS: usize = 2;
const ITEMS: [(&str, u64); 5] = [
    ("lantern", 2499),
    ("compass", 1250),
    ("kettle", 3900),
    ("blanket", 4200),
    ("notebook", 650),
];
