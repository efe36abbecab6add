//! Switching faults over HTTP.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;

use super::menu::Faults;
use super::parse::parse_list;

/// Names the fault of the one request that carries it, in the grammar.
pub(crate) const HEADER: &str = "x-mock-fault";

/// `GET`, `POST` and `DELETE /__fault`.
pub(crate) fn routes(faults: Faults) -> Router {
    let verbs = get(show).post(replace).put(replace).delete(clear);
    Router::new().route("/__fault", verbs).with_state(faults)
}

async fn show(State(faults): State<Faults>) -> String {
    menu(&faults)
}

async fn replace(State(faults): State<Faults>, text: String) -> Response {
    match parse_list(&text) {
        Ok(list) => {
            faults.set_all(list);
            menu(&faults).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

async fn clear(State(faults): State<Faults>) -> String {
    faults.clear();
    menu(&faults)
}

fn menu(faults: &Faults) -> String {
    let lines: String = faults
        .list()
        .iter()
        .map(|armed| format!("{} (committed {})\n", armed.fault(), armed.committed()))
        .collect();
    if lines.is_empty() {
        "no faults\n".to_owned()
    } else {
        lines
    }
}
